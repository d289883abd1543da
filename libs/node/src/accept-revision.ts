import { findBranchTip } from "@keelson/git";
import { type AgentConfig, KeelsonError, parseDurationMs, stalled } from "@keelson/model";
import { openRecord } from "@keelson/record";
import { readStatus, requireTrusted } from "@keelson/store";

import { recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";

/** As many digits as Git's own short ids have. */
const fewestDigits = 7;

/**
 * Permits this node to follow its branch to the commit that the branch is at now, although that does not follow on the
 * last one. Returns the full id. The caller names the commit, so that a person accepts only what they have seen, and
 * not what the branch is at later. Throws K9061 when the branch is at another commit, K9063 when nothing is refused,
 * and what `openRecord` and `findBranchTip` throw.
 */
export async function acceptRevision(config: AgentConfig, revision: string): Promise<string> {
  requireTrusted(config.stateDir, "the state folder");
  const { url, branch, credential, knownHosts } = config.source;
  const tip = await findBranchTip({
    url,
    branch,
    timeoutMs: parseDurationMs(config.timeouts.git),
    ...(credential === undefined ? {} : { credential }),
    ...(knownHosts === undefined ? {} : { knownHostsFile: knownHosts }),
  });
  if (revision.length < fewestDigits || !tip.startsWith(revision)) throw elsewhere({ branch, tip, revision });
  const sourceReady = parseStatus(await readStatus(config.stateDir))?.conditions.find(
    ({ type }) => type === "SourceReady",
  );
  if (sourceReady?.status === "true") throw notRefused(branch);
  using record = openRecord({ path: recordPath(config) });
  record.acceptRevision({ branch, commit: tip });
  return tip;
}

function elsewhere({
  branch,
  tip,
  revision,
}: {
  branch: string;
  tip: string;
  revision: string;
}): KeelsonError {
  return new KeelsonError({
    code: "K9061",
    message: `branch ${branch} is at ${tip}, not at ${JSON.stringify(revision)}`,
    hint: "Check the commit that the branch is at now, and then name it by at least 7 digits.",
    outcome: stalled,
  });
}

function notRefused(branch: string): KeelsonError {
  return new KeelsonError({
    code: "K9063",
    message: `this node does not refuse branch ${branch}`,
    hint: "Run keelson status --local to see what this node does. Only a commit that it refuses with K2016 can be accepted.",
    outcome: stalled,
  });
}
