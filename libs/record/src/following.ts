import type { DatabaseSync } from "node:sqlite";
import type { FollowedBranch } from "@keelson/model";

/** What keeps a branch from being followed backwards. Commits are full ids. */
export interface Following {
  /** Null before the first time. */
  readFollowed: () => FollowedBranch | null;
  /** What was accepted is used up by the next commit that is followed, whichever it is. */
  saveFollowed: (followed: { branch: string; commit: string }) => void;
  /**
   * Notes what a human accepted. Where nothing of the branch was followed yet, it counts as followed too: what the
   * branch is at must be this commit or follow on it.
   */
  acceptRevision: (accepted: { branch: string; commit: string }) => void;
}

/** The one row of this database. */
export function openFollowing(database: DatabaseSync): Following {
  const readFollowed = (): FollowedBranch | null => {
    const row = database.prepare("SELECT branch, commit_id, accepted FROM followed").get();
    if (row === undefined) return null;
    const accepted = row["accepted"];
    return {
      branch: String(row["branch"]),
      commit: String(row["commit_id"]),
      accepted: accepted === null ? null : String(accepted),
    };
  };
  const write = ({ branch, commit, accepted }: FollowedBranch) => {
    database
      .prepare(
        `INSERT INTO followed (only, branch, commit_id, accepted) VALUES (1, ?, ?, ?)
         ON CONFLICT DO UPDATE SET branch = excluded.branch, commit_id = excluded.commit_id, accepted = excluded.accepted
         WHERE branch <> excluded.branch OR commit_id <> excluded.commit_id OR accepted IS NOT excluded.accepted`,
      )
      .run(branch, commit, accepted);
  };
  return {
    readFollowed,
    saveFollowed: ({ branch, commit }) => {
      const before = readFollowed();
      const isSame = before?.branch === branch && before.commit === commit;
      // A round that stays where it is leaves open what a human has said meanwhile.
      const accepted = isSame && before.accepted !== commit ? before.accepted : null;
      write({ branch, commit, accepted });
    },
    acceptRevision: ({ branch, commit }) => {
      const before = readFollowed();
      const followed = before?.branch === branch ? before.commit : commit;
      write({ branch, commit: followed, accepted: commit });
    },
  };
}
