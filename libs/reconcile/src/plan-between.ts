import {
  type Cause,
  type DesiredNode,
  type DesiredService,
  type Plan,
  emptyRecord,
  widestWaits,
} from "@keelson/model";
import {
  type PlanPolicy,
  type SimulatedNode,
  describeApplied,
  emptyObserved,
  planChanges,
  simulate,
} from "@keelson/plan";

/**
 * The plan from one desired state to another, as if the first had been applied on an empty node. `before` is null for
 * the empty node. Asks no engine: it is for code review, and for nodes that are elsewhere.
 */
export function planBetween(
  before: DesiredNode | null,
  { after, policy }: { after: DesiredNode; policy: PlanPolicy },
): Plan {
  const { observed, record } =
    before === null ? { observed: emptyObserved, record: emptyRecord } : applied(lockedAlike(before, after));
  const plan = planChanges({ desired: after, observed, record, policy });
  // Whether a node has the image is not known here. The reason is that the revision is the first to name it.
  const operations = plan.operations.map((operation) =>
    operation.kind === "pull-image" ? { ...operation, causes: [isNew] } : operation,
  );
  return { ...plan, operations };
}

const isNew: Cause = { kind: "desired", service: null, text: "is new in this revision" };

/**
 * What a tag named before it was locked is not known here. It is taken as what it is locked to, since locking recreates nothing
 * that runs those bytes.
 */
function lockedAlike(before: DesiredNode, after: DesiredNode): DesiredNode {
  const all = after.instances.flatMap(({ services }) => services);
  const locks = new Map(
    all.flatMap(({ image, lockedImage }) => (lockedImage === undefined ? [] : [[image, lockedImage]])),
  );
  const withLock = (service: DesiredService): DesiredService => {
    const lockedImage = service.lockedImage ?? locks.get(service.image);
    return lockedImage === undefined ? service : { ...service, lockedImage };
  };
  const instances = before.instances.map((each) => ({ ...each, services: each.services.map(withLock) }));
  return { ...before, instances };
}

function applied(desired: DesiredNode): Pick<SimulatedNode, "observed" | "record"> {
  const empty = { desired, observed: emptyObserved, record: emptyRecord };
  const first = planChanges({
    ...empty,
    policy: { allowMassRemoval: true, partial: false, allow: "all", waits: widestWaits },
  });
  const { observed, record } = simulate(empty, first.operations);
  const { digest: desiredDigest, lockDigest } = desired;
  const order = describeApplied(desired);
  return {
    observed,
    record: { ...record, applied: { commit: "", desiredDigest, lockDigest, appliedAt: "", ...order } },
  };
}
