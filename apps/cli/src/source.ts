import { KeelsonError, type Snapshot, stalled } from "@keelson/model";
import { listDirtyPaths, readCommit, readWorkTree } from "@keelson/git";

const gitTimeoutMs = 60_000;

/** The files of the work tree, or those of a revision when one is named. */
export async function openRevision(options: { repository: string; revision?: string }): Promise<Snapshot> {
  return options.revision === undefined
    ? readWorkTree(options.repository)
    : openCommit({ ...options, revision: options.revision });
}

export async function openCommit(options: { repository: string; revision: string }): Promise<Snapshot> {
  return readCommit({ ...options, timeoutMs: gitTimeoutMs });
}

/** Throws K2011 when the work tree has uncommitted changes: what is applied must be a commit that others can read. */
export async function requireCleanWorkTree(repository: string): Promise<void> {
  const dirty = await listDirtyPaths(repository);
  if (dirty.length === 0) return;
  const list = dirty.slice(0, 5).join(", ") + (dirty.length > 5 ? ` and ${dirty.length - 5} more` : "");
  throw new KeelsonError({
    code: "K2011",
    message: `the work tree has changes that are in no commit: ${list}`,
    hint: "Commit or stash them; only what Git knows is applied.",
    outcome: stalled,
  });
}
