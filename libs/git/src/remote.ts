import { stalled } from "@keelson/model";

import type { CommitReader } from "./commit-reader.ts";
import { gitError } from "./git-error.ts";

/** One branch somewhere else, however it is reached. Disposing it closes its connections. */
export interface Remote extends Disposable {
  /** The commit that the branch is at. Throws K2003 when there is no such branch. */
  findTip: () => Promise<string>;
  /**
   * Brings all history of the branch into a copy that may hold some of it, and returns the commit that the branch is
   * at by now. Moves no ref that anybody reads. Throws K2009 when the copy or what the server sent is damaged.
   */
  fetchInto: (gitDir: string) => Promise<string>;
  openReader: (gitDir: string, commit: string) => CommitReader;
}

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
