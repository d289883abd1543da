import type { KeelsonError } from "./error.ts";
import type { SourceFiles } from "./source-file.ts";

/** A commit of a source with its files, read-only. */
export interface Snapshot {
  /** Full commit id, or `worktree` for files that are in no commit yet. */
  commit: string;
  /** The ref it was found at, such as `refs/heads/main`. */
  ref: string;
  /** First line of the commit message; empty for a work tree. */
  subject: string;
  author: string;
  committedAt: Date | null;
  /**
   * The files at these paths; a path that ends in `/` stands for all files below that folder, and an empty one for all. What is
   * not there is left out. A file over the size limit is there without its content.
   */
  readFiles: (paths: readonly string[]) => Promise<SourceFiles>;
  /** The same files by their paths alone, sorted: nothing of them is read. */
  listPaths: (paths: readonly string[]) => Promise<string[]>;
  /** Which of these files lie in a work tree, and are none of it since Git ignores them. A commit has none. */
  listIgnored?: (paths: readonly string[]) => Promise<string[]>;
}

/** From where a branch may move on. Commits are full ids. */
export interface Follow {
  /** The commit that this node followed last; null the first time, when anything goes. */
  after: string | null;
  /** A commit that a person accepted on this node: it, and what follows on it, is followed too. */
  accepted: string | null;
}

/** How far a node has come on one branch. Commits are full ids. */
export interface FollowedBranch {
  branch: string;
  commit: string;
  /** A commit that a person accepted and that was not followed yet. */
  accepted: string | null;
}

/** What a source shows, and whether this node may be at it. */
export type Verdict =
  | { kind: "accepted"; snapshot: Snapshot }
  | { kind: "refused"; commit: string; error: KeelsonError }
  | { kind: "unavailable"; error: KeelsonError };

/** What one source offers for the target of a node. */
export interface Candidate {
  branch: string;
  verdict: Verdict;
  /** What was followed last, which an accepted snapshot is at once; null when there is none. */
  last: Snapshot | null;
}

/** Why a node is held, and not at what its sources show. */
export type HoldReason =
  | { kind: "unavailable"; branch: string; error: KeelsonError }
  | { kind: "refused"; branch: string; commit: string; error: KeelsonError }
  | {
      kind: "problems";
      commit: string;
      /** The code of one that keeps a commit from being followed in part, where the environment permits that. */
      whole?: string;
    }
  | { kind: "suspended" };

/**
 * `follow`: at what the sources show. `hold`: at what it had, whatever they show; what is held is desired, never absent.
 */
export type TargetMode = "follow" | "hold";

export interface InstanceTarget {
  mode: TargetMode;
  snapshot: Snapshot;
  /** Empty for an instance that follows. */
  because: readonly HoldReason[];
}

/** What a node is to be at, chosen before anything of it is read. */
export interface Target {
  /** What each source is read at, by its branch. Empty when there is nothing that the node could be at. */
  snapshots: ReadonlyMap<string, Snapshot>;
  /** What every instance is to be at; null when there is nothing. */
  instances: { every: InstanceTarget } | null;
  /** Why the snapshots are not what the sources show; empty when they are. */
  because: readonly HoldReason[];
}
