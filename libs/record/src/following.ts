import type { DatabaseSync } from "node:sqlite";
import type { FollowedBranch } from "@keelson/model";

/** What keeps branches from being followed backwards. Commits are full ids. */
export interface Following {
  /** Empty before the first time; sorted by branch. */
  readFollowed: () => FollowedBranch[];
  /**
   * All that is followed now; other branches are forgotten. What was accepted is used up by the next commit that is
   * followed, whichever it is.
   */
  saveFollowed: (followed: readonly { branch: string; commit: string }[]) => void;
  /**
   * Notes what a person accepted. Where nothing of the branch was followed yet, it counts as followed too: what the
   * branch is at must be this commit or follow on it.
   */
  acceptRevision: (accepted: { branch: string; commit: string }) => void;
}

/** One row for each branch. */
export function openFollowing(database: DatabaseSync): Following {
  const readFollowed = (): FollowedBranch[] =>
    database
      .prepare("SELECT branch, commit_id, accepted FROM followed ORDER BY branch")
      .all()
      .map(({ branch, commit_id: commit, accepted }) => ({
        branch: String(branch),
        commit: String(commit),
        accepted: accepted === null ? null : String(accepted),
      }));
  const readOne = (branch: string) => readFollowed().find((each) => each.branch === branch);
  const write = ({ branch, commit, accepted }: FollowedBranch) => {
    database
      .prepare(
        `INSERT INTO followed (branch, commit_id, accepted) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET commit_id = excluded.commit_id, accepted = excluded.accepted
         WHERE commit_id <> excluded.commit_id OR accepted IS NOT excluded.accepted`,
      )
      .run(branch, commit, accepted);
  };
  return {
    readFollowed,
    saveFollowed: (followed) => {
      for (const { branch, commit } of followed) {
        const before = readOne(branch);
        // A round that stays where it is leaves open what a person has said meanwhile.
        const accepted = before?.commit === commit && before.accepted !== commit ? before.accepted : null;
        write({ branch, commit, accepted });
      }
      const branches = new Set(followed.map(({ branch }) => branch));
      for (const { branch } of readFollowed()) {
        if (!branches.has(branch)) database.prepare("DELETE FROM followed WHERE branch = ?").run(branch);
      }
    },
    acceptRevision: ({ branch, commit }) => {
      write({ branch, commit: readOne(branch)?.commit ?? commit, accepted: commit });
    },
  };
}
