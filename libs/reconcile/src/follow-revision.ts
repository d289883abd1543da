import { type Follow, type FollowedBranch, KeelsonError, type Revision } from "@keelson/model";

export interface FollowPorts {
  /** What the branch is at. Throws what it may not be followed to. */
  fetchRevision: (follow: Follow) => Promise<Revision>;
  /** The last revision that was followed; null when there is none. */
  readTracked: () => Promise<Revision | null>;
  /** The commit that the branch is at, where that was asked just before; null where it was not. */
  knownCommit: string | null;
  /** The commit that an error of `fetchRevision` refuses; null for any other error. */
  refusedCommit: (error: unknown) => string | null;
  record: {
    readFollowed: () => FollowedBranch | null;
    saveFollowed: (followed: { branch: string; commit: string }) => void;
  };
  /** The commit that this node said it was at when it last reported; null when it never did or cannot be asked. */
  readReported: () => Promise<string | null>;
}

/**
 * The revision that this node follows. A branch only ever moves forward; a node that has lost its record knows from its
 * own copy, or else from its own report, how far it had come. While Git is away, or shows what is refused, the node
 * stays at the last revision.
 */
export async function followRevision(ports: FollowPorts, branch: string): Promise<Revision> {
  const { record } = ports;
  const followed = record.readFollowed();
  const isOther = followed !== null && followed.branch !== branch;
  const known = isOther ? null : followed;
  if (known !== null && known.commit === ports.knownCommit) {
    const last = await readWhole(ports);
    if (last?.commit === known.commit) return last;
  }
  const after = followed === null ? await findTrack(ports) : (known?.commit ?? null);
  try {
    const revision = await ports.fetchRevision({ after, accepted: known?.accepted ?? null });
    record.saveFollowed({ branch, commit: revision.commit });
    return revision;
  } catch (error) {
    const refused = ports.refusedCommit(error);
    const last = !isOther && error instanceof KeelsonError ? await ports.readTracked() : null;
    if (last === null) throw error;
    return { ...last, staleBecause: error, ...(refused === null ? {} : { refused }) };
  }
}

/** The commit that was followed last, where the record does not say it; null where nothing does. */
async function findTrack(ports: FollowPorts): Promise<string | null> {
  const last = await readWhole(ports);
  return last === null ? ports.readReported() : last.commit;
}

/** A damaged copy says nothing, and is made anew. */
async function readWhole(ports: FollowPorts): Promise<Revision | null> {
  try {
    return await ports.readTracked();
  } catch (error) {
    if (error instanceof KeelsonError) return null;
    throw error;
  }
}
