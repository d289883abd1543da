import type { Credential } from "@keelson/model";

import { branchRef } from "./branch-ref.ts";
import { startDeadline } from "./deadline.ts";
import { openRemote } from "./open-remote.ts";

export interface BranchTipInput {
  url: string;
  branch: string;
  credential?: Credential | undefined;
  timeoutMs: number;
  /** Aborted when nobody waits for the answer any more: the call then throws K2005. */
  signal?: AbortSignal;
  /** The known hosts for ssh, instead of those of the user and the machine. */
  knownHostsFile?: string | undefined;
}

/**
 * The commit that a branch is at. Only lists refs: fetches nothing and writes nothing. Throws K2001 not reachable,
 * K2002 not authorised, K2003 no such repository or branch, K2005 timed out, K2006 URL or branch not permitted, K2009
 * unexpected answer, K2010 no `git`.
 */
export async function findBranchTip({ branch, timeoutMs, signal, ...at }: BranchTipInput): Promise<string> {
  const ref = branchRef(branch);
  using remote = await openRemote({ ...at, ref, deadline: startDeadline(timeoutMs, signal) });
  return await remote.findTip();
}
