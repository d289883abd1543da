import { findBranchTip } from "@keelson/git";
import { type AgentConfig, KeelsonError, parseDurationMs, stalled } from "@keelson/model";
import { openRecord } from "@keelson/record";
import { readStatus, requireTrusted } from "@keelson/store";

import { recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";

/** As many digits as Git's own short ids have. */
const fewestDigits = 7;

/**
 * Notes on this node that its branch may be followed to the commit that it is at now, although that does not follow on
 * the last one; returns the full id. What is accepted is what a person has looked at: not a commit that the branch may
 * come to later. Throws K9061 when the branch is at another commit, K9063 when nothing is refused, and what `openRecord`
 * and `findBranchTip` throw.
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
    message: `branch ${branch} is at ${tip}, and not at ${JSON.stringify(revision)}`,
    hint: "Look at what the branch is at now; then name that commit, by at least 7 digits.",
    outcome: stalled,
  });
}

function notRefused(branch: string): KeelsonError {
  return new KeelsonError({
    code: "K9063",
    message: `this node refuses nothing of branch ${branch}`,
    hint: "keelson status --local says what it does; an acceptance is for the error K2016 only.",
    outcome: stalled,
  });
}
