import { stalled } from "@keelson/model";

import type { CommitReader } from "./commit-reader.ts";
import { gitError } from "./git-error.ts";
import type { PackLimits } from "./pack-limits.ts";

/**
 * One ref of another repository, reached over HTTP, over ssh or on this machine. Disposing it closes its connections.
 */
export interface Remote extends Disposable {
  /** The commit that the branch is at. Throws K2003 when there is no such branch. */
  findTip: () => Promise<string>;
  /** The same for a ref that may be missing: then null. */
  seekTip: () => Promise<string | null>;
  /**
   * Fetches the whole history of the branch, or only its last `depth` commits, into a copy that may have some of it
   * already. Returns the commit that the branch is at by now. Moves no ref that others read. Throws K2009 when the copy
   * or what the server sent is damaged, K2017 when it is over the limits.
   */
  fetchInto: (gitDir: string, what: { limits: PackLimits; depth?: number }) => Promise<string>;
  /**
   * Moves the ref to a commit of the copy that follows on what the ref is at, never by force. `after` is what the ref
   * is at, given only where the copy does not have that commit. Throws every failure but a refused push.
   */
  push: (gitDir: string, what: { commit: string; after: string | null }) => Promise<PushEnd>;
  /** Asks the server to begin a push, and pushes nothing. Throws K2002, K2003 or K2013 when the login may not push. */
  beginPush: () => Promise<void>;
  openReader: (gitDir: string, commit: string) => CommitReader;
}

/** `refused`: the ref has moved, or the server does not take the push; `cause` is what it says. */
export type PushEnd = { kind: "done" } | { kind: "refused"; cause: unknown };

export function branchMissing(ref: string, name: string) {
  return gitError("K2003", { message: `there is no branch ${ref.replace("refs/heads/", "")} at ${name}` });
}

export function unknownObjectFormat(name: string) {
  return gitError("K2009", {
    message: `the repository at ${name} does not name its commits by SHA-1`,
    hint: "Keelson reads only repositories in Git's default object format, sha1.",
    outcome: stalled,
  });
}
