import { KeelsonError, type Snapshot, stalled } from "@keelson/model";
import { listDirtyPaths, readCommit, readWorkTree } from "@keelson/git";

import { findAgentConfig } from "./node-place.ts";

const gitTimeoutMs = 60_000;

interface RevisionOptions {
  repository: string;
  /** The node whose agent.yaml says how large a file may be; the default counts where none is named. */
  config?: string;
}

/** The files of the work tree, or those of a revision when one is named. */
export async function openRevision(options: RevisionOptions & { revision?: string }): Promise<Snapshot> {
  return options.revision === undefined
    ? readWorkTree(options.repository, fileLimit(options))
    : openCommit({ ...options, revision: options.revision });
}

export async function openCommit(options: RevisionOptions & { revision: string }): Promise<Snapshot> {
  const { repository, revision } = options;
  return readCommit({ repository, revision, timeoutMs: gitTimeoutMs, ...fileLimit(options) });
}

function fileLimit({ config }: RevisionOptions): { fileBytes?: number } {
  return findAgentConfig(config)?.limits ?? {};
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
