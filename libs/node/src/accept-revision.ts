import { type AgentConfig, KeelsonError, stalled } from "@keelson/model";
import { openRecord } from "@keelson/record";
import { readStatus } from "@keelson/store";

import { recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";

/**
 * Notes on this node that its branch may be followed to a commit that does not follow on the last one; returns the full
 * commit id. A shortened id is taken for the commit that the node says it refuses. Throws K9061 when it is not clear
 * which commit is meant, and what `openRecord` throws.
 */
export async function acceptRevision(config: AgentConfig, revision: string): Promise<string> {
  const commit = revision.length === 40 ? revision : await findRefused(config, revision);
  if (commit === null || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new KeelsonError({
      code: "K9061",
      message: `${JSON.stringify(revision)} is neither a full commit id nor the start of the commit that this node refuses`,
      hint: "keelson status --local names the commit that the branch is at; or give all its 40 digits.",
      outcome: stalled,
    });
  }
  using record = openRecord({ path: recordPath(config) });
  record.acceptRevision({ branch: config.source.branch, commit });
  return commit;
}

async function findRefused(config: AgentConfig, start: string): Promise<string | null> {
  const observed = parseStatus(await readStatus(config.stateDir))?.source.observed ?? "";
  return start.length >= 7 && observed.startsWith(start) ? observed : null;
}
