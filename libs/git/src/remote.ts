import { stalled } from "@keelson/model";

import type { CommitReader } from "./commit-reader.ts";
import { gitError } from "./git-error.ts";
import type { PackLimits } from "./pack-limits.ts";

/** One branch somewhere else, however it is reached. Disposing it closes its connections. */
export interface Remote extends Disposable {
  /** The commit that the branch is at. Throws K2003 when there is no such branch. */
  findTip: () => Promise<string>;
  /** The same for a ref that may be missing, which is null then. */
  seekTip: () => Promise<string | null>;
  /**
   * Brings all history of the branch, or only the last `depth` commits, into a copy that may hold some of it, and
   * returns the commit that the branch is at by now. Moves no ref that anybody reads. Throws K2009 when the copy or
   * what the server sent is damaged, K2017 when it is over the limits.
   */
  fetchInto: (gitDir: string, what: { limits: PackLimits; depth?: number }) => Promise<string>;
  /**
   * Moves the ref to a commit of the copy, never by force: to one that follows on what the ref is at. `after` is that, where
   * the copy does not have it. Throws what else goes wrong on the way.
   */
  push: (gitDir: string, what: { commit: string; after: string | null }) => Promise<PushEnd>;
  /** Has the server begin a push, and sends none. Throws K2002, K2003 or K2013 when it does not let the login push. */
  beginPush: () => Promise<void>;
  openReader: (gitDir: string, commit: string) => CommitReader;
}

/** `refused`: the ref has moved, or the server wants no such push; `cause` is what it says about it. */
export type PushEnd = { kind: "done" } | { kind: "refused"; cause: unknown };

export function branchMissing(ref: string, name: string) {
  return gitError("K2003", { message: `there is no branch ${ref.replace("refs/heads/", "")} at ${name}` });
}

export function unknownObjectFormat(name: string) {
  return gitError("K2009", {
    message: `the repository at ${name} does not name its commits by SHA-1`,
    hint: "Keelson reads repositories of Git's default object format, sha1.",
    outcome: stalled,
  });
}
