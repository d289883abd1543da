import type { Candidate, HoldReason, Snapshot, Suspension, Target } from "@keelson/model";

export interface TargetInput {
  /** The candidates of all sources in the order of layering: the tracked branch is the first. */
  candidates: readonly Candidate[];
  /** Commits in which this round found problems, each with why none of it can be followed, where some of it might be. */
  faulty: ReadonlyMap<string, Pick<Extract<HoldReason, { kind: "problems" }>, "whole">>;
  /** A person withholds action on the node; null when nobody does. */
  suspension: Suspension | null;
  /** The commit that this node attempted last; null when it is not known. Needed beside faulty commits and a suspension. */
  attempted: Snapshot | null;
}

/**
 * Decides what a node is to be at, and why, by the algorithm of docs/spec/target.md. The numbers in the comments are
 * those of that page. Nothing else decides it.
 */
export function chooseTarget({ candidates, faulty, suspension, attempted }: TargetInput): Target {
  // 1 and 2: each source by itself.
  const because = candidates.flatMap(reasonOf);
  const snapshots = new Map<string, Snapshot>();
  for (const candidate of candidates) {
    const snapshot = snapshotOf(candidate);
    if (snapshot === null) return { snapshots: new Map(), instances: null, because };
    snapshots.set(candidate.branch, snapshot);
  }
  const [tracked] = candidates;
  const wanted = tracked === undefined ? undefined : snapshots.get(tracked.branch);
  if (tracked === undefined || wanted === undefined) return { snapshots, instances: null, because };
  // 3: a suspended node stays where it is, whatever is wrong with what its sources show.
  if (suspension !== null) {
    const snapshot = attempted ?? wanted;
    snapshots.set(tracked.branch, snapshot);
    return targetOf({ snapshots, snapshot, because: [...because, { kind: "suspended" }] });
  }
  // 4: a commit with problems is not the target while there is one that the node attempted before.
  const found = faulty.get(wanted.commit);
  if (found === undefined || attempted === null || attempted.commit === wanted.commit) {
    return targetOf({ snapshots, snapshot: wanted, because });
  }
  snapshots.set(tracked.branch, attempted);
  const held: HoldReason[] = [...because, { kind: "problems", commit: wanted.commit, ...found }];
  return targetOf({ snapshots, snapshot: attempted, because: held });
}

/** The commit that a source shows now; null where it could not be asked. */
export function shownCommit({ verdict }: Candidate): string | null {
  if (verdict.kind === "unavailable") return null;
  return verdict.kind === "accepted" ? verdict.snapshot.commit : verdict.commit;
}

/** A person withholds action on the node: nothing is to be changed. */
export function isSuspended({ because }: Pick<Target, "because">): boolean {
  return because.some(({ kind }) => kind === "suspended");
}

/** The target for a commit that a person named: no source is asked. */
export function targetAt(snapshot: Snapshot): Target {
  return targetOf({ snapshots: new Map([[snapshot.ref, snapshot]]), snapshot, because: [] });
}

function targetOf(chosen: {
  snapshots: ReadonlyMap<string, Snapshot>;
  snapshot: Snapshot;
  because: readonly HoldReason[];
}): Target {
  const { snapshots, snapshot, because } = chosen;
  const mode = because.length === 0 ? "follow" : "hold";
  return { snapshots, instances: { every: { mode, snapshot, because } }, because };
}

function snapshotOf({ verdict, last }: Candidate): Snapshot | null {
  return verdict.kind === "accepted" ? verdict.snapshot : last;
}

function reasonOf({ branch, verdict }: Candidate): HoldReason[] {
  return verdict.kind === "accepted" ? [] : [{ branch, ...verdict }];
}
