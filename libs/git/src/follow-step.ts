import type { Follow } from "@keelson/model";

/** The question whether a branch may be followed to a commit. */
export interface FollowStep extends Follow {
  /** A copy with the whole history of `commit`. */
  gitDir: string;
  branch: string;
  commit: string;
}
