import type { DatabaseSync } from "node:sqlite";
import type { FollowedBranch } from "@keelson/model";

/** Which commits the node followed, so that it follows no branch backwards. Commits are full ids. */
export interface Following {
  /** Sorted by branch; empty before the first. */
  readFollowed: () => FollowedBranch[];
  /**
   * Saves all branches that are followed now, and forgets others. An accepted commit is forgotten as soon as the branch
   * is followed to another commit, whichever that is.
   */
  saveFollowed: (followed: readonly { branch: string; commit: string }[]) => void;
  /**
   * Notes a commit that a person accepted. If the branch was never followed before, the commit counts as followed too,
   * so that the branch must be at this commit or at one after it.
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
        // A round that stays at its commit must not forget what a person accepted meanwhile.
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
