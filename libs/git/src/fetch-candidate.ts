import { KeelsonError, type Verdict } from "@keelson/model";

import { type FetchSnapshotInput, fetchSnapshot } from "./fetch-snapshot.ts";
import { refusedCommit } from "./follow.ts";

/**
 * Asks the source what its branch is at, and gives a verdict: `accepted` with the snapshot, `refused` where the branch
 * did not move forward (K2016), `unavailable` for every other error of `fetchSnapshot`.
 */
export async function fetchCandidate(input: FetchSnapshotInput): Promise<Verdict> {
  try {
    const { fetched: _, ...snapshot } = await fetchSnapshot(input);
    return { kind: "accepted", snapshot };
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    const commit = refusedCommit(error);
    return commit === null ? { kind: "unavailable", error } : { kind: "refused", commit, error };
  }
}
