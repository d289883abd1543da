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
  /** Asks what the branch is at, with the verdict whether the node may follow it there. */
  fetchCandidate: (follow: Follow) => Promise<Verdict>;
  /** The commit that was followed last, from the node's own copy; null when there is no copy. */
  readTracked: () => Promise<Snapshot | null>;
  /** The commit that a poll just found the branch at; null when there was no poll. */
  knownCommit: string | null;
  /** The commit that this node's last published status names; null when there is none or it cannot be read. */
  readPublished: () => Promise<string | null>;
}

export interface FollowedPort {
  readFollowed: () => readonly FollowedBranch[];
  /** Saves all branches that are followed now, and forgets others. */
  saveFollowed: (followed: readonly { branch: string; commit: string }[]) => void;
}

/**
 * Fetches the source's branch and gives its verdict: a branch may only move forward from the commit that the node
 * followed last. That commit is in the record; where the record is lost, in the node's copy; without a copy, in its
 * published status. A branch that is new in agent.yaml may be at any commit, because a person named it on the node.
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

/** The commit that was followed last, for a node whose record does not have it; null when nothing says it. */
async function findTrack(source: SourcePorts): Promise<string | null> {
  const last = await readWhole(source);
  return last === null ? source.readPublished() : last.commit;
}

/** Reads the copy; null when it is damaged: the next fetch makes it anew. */
async function readWhole({ readTracked }: SourcePorts): Promise<Snapshot | null> {
  try {
    return await readTracked();
  } catch (error) {
    if (error instanceof KeelsonError) return null;
    throw error;
  }
}
