import {
  type Candidate,
  type Follow,
  type FollowedBranch,
  KeelsonError,
  type Snapshot,
  type Verdict,
} from "@keelson/model";

export interface SourcePorts {
  branch: string;
  /** What the branch is at, judged by where it may move on from. */
  fetchCandidate: (follow: Follow) => Promise<Verdict>;
  /** What was followed last, by the node's own copy; null when there is none. */
  readTracked: () => Promise<Snapshot | null>;
  /** The commit that the branch is at, where that was asked just before; null where it was not. */
  knownCommit: string | null;
  /** The commit that this node was at by the status it published last; null when it never did or cannot be asked. */
  readPublished: () => Promise<string | null>;
}

export interface FollowedPort {
  readFollowed: () => readonly FollowedBranch[];
  /** All branches that are followed now; others are forgotten. */
  saveFollowed: (followed: readonly { branch: string; commit: string }[]) => void;
}

/**
 * What the source offers, by a memory that keeps branches from going back: the record, or where that is lost the node's
 * own copy, or else its published status. A branch that is new in agent.yaml begins anew: a person named it on the node.
 */
export async function findCandidate(source: SourcePorts, record: FollowedPort): Promise<Candidate> {
  const { branch } = source;
  const all = record.readFollowed();
  const followed = all.find((each) => each.branch === branch) ?? null;
  const isNew = followed === null && all.length > 0;
  if (followed !== null && followed.commit === source.knownCommit) {
    const last = await readWhole(source);
    if (last?.commit === followed.commit)
      return { branch, verdict: { kind: "accepted", snapshot: last }, last };
  }
  const after = followed?.commit ?? (isNew ? null : await findTrack(source));
  const verdict = await source.fetchCandidate({ after, accepted: followed?.accepted ?? null });
  if (verdict.kind === "accepted") {
    const { snapshot } = verdict;
    record.saveFollowed([{ branch, commit: snapshot.commit }]);
    return { branch, verdict, last: snapshot };
  }
  return { branch, verdict, last: isNew ? null : await readWhole(source) };
}

/** The commit that was followed last, where the record does not say it; null where nothing does. */
async function findTrack(source: SourcePorts): Promise<string | null> {
  const last = await readWhole(source);
  return last === null ? source.readPublished() : last.commit;
}

/** A damaged copy says nothing, and is made anew by the next fetch. */
async function readWhole({ readTracked }: SourcePorts): Promise<Snapshot | null> {
  try {
    return await readTracked();
  } catch (error) {
    if (error instanceof KeelsonError) return null;
    throw error;
  }
}
