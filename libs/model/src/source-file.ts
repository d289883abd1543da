/** A file of a revision or of a work tree, read without a checkout. */
export interface SourceFile {
  /** Path in the repository, with `/`, never absolute, without `.` or `..`. */
  path: string;
  /** Git's file mode: plain, executable, symbolic link, submodule. */
  mode: "100644" | "100755" | "120000" | "160000";
  bytes: Uint8Array;
}

export type SourceFiles = ReadonlyMap<string, SourceFile>;

/** A commit of the tracked branch, and the door to its files. */
export interface Revision {
  /** Full commit id, or `worktree` for files that are in no commit yet. */
  commit: string;
  /** The ref it was found at, such as `refs/heads/main`. */
  ref: string;
  /** First line of the commit message; empty for a work tree. */
  subject: string;
  author: string;
  committedAt: Date | null;
  /** True when this call brought objects that were not on the node before. */
  fetched: boolean;
  /** Why this is the last revision that is known here and not a fresh one: Git could not be asked, or what it said is refused. */
  staleBecause?: unknown;
  /** The commit that the branch is at and that is not followed. */
  refused?: string;
  /** Files whose path starts with one of the prefixes. Throws K2007 for a file over the size limit. */
  readFiles: (prefixes: readonly string[]) => Promise<SourceFiles>;
}

/** From where a branch may move on. Commits are full ids. */
export interface Follow {
  /** The commit that this node followed last; null the first time, when anything goes. */
  after: string | null;
  /** A commit that a human accepted on this node: it, and what follows on it, is followed too. */
  accepted: string | null;
}

/** The branch that this node follows, and how far it has come. */
export interface FollowedBranch {
  branch: string;
  commit: string;
  /** A commit that a human accepted and that was not followed yet. */
  accepted: string | null;
}

/** Where the desired state comes from; `url` may be http(s), a local path or file://. */
export interface Source {
  url: string;
  branch: string;
  credential?: Credential;
}

/** A file whose only content is a token or `user:password`, or a command that prints one. */
export type Credential = { file: string } | { command: string[] };

/** Bytes as text; every document of a repository is UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes);
}
