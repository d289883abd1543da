import type { Follow } from "@keelson/model";

/** Whether a branch may be followed to a commit, as a question. */
export interface FollowStep extends Follow {
  /** A copy with the whole history of `commit`. */
  gitDir: string;
  branch: string;
  commit: string;
}
