import type { DesiredInstance, DesiredNode, ObservedNode, Plan, RecordState } from "@keelson/model";

import { afterAdoptions, planAdoptions, planReleases } from "./adoption-operations.ts";
import { findAdoptions, withAdoptions } from "./adoption.ts";
import { blockChanges, isBlockedNetwork } from "./blocked.ts";
import { spreadChanges } from "./followed-change.ts";
import {
  findHeld,
  findHeldGone,
  findHeldInstances,
  findHeldRests,
  planHeldStarts,
} from "./held-container.ts";
import { findProviders, orderInstances } from "./instance-order.ts";
import { cutTrials, findLongWaits } from "./long-wait.ts";
import { blockMassRemoval } from "./mass-removal.ts";
import { type NetworkChange, findNetworkChanges } from "./network-change.ts";
import { waitForJobs } from "./job-at-work.ts";
import { findAnonymousVolumes, findMissedVolumes, findNotices, findStayingVolumes } from "./notice.ts";
import { orderOperations } from "./operation-graph.ts";
import { planOperations } from "./plan-operations.ts";
import type { PlanPolicy } from "./plan-policy.ts";
import { findLeaving, findUndesired } from "./removal.ts";
import { type InstanceChange, findInstanceChange } from "./service-change.ts";
import { sortInput } from "./sorted-input.ts";
import { findKeeping } from "./volume-handover.ts";
import { type VolumeLoss, findVolumeLoss } from "./volume-loss.ts";

export interface PlanInput {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  policy: PlanPolicy;
}

/**
 * The operations that turn observed into desired. Total and pure: what cannot be done is a blocked entry. Each stage
 * makes a new value of the one before: what differs, what follows it, what may be done, what can be done, and in which order.
 */
export function planChanges(input: PlanInput): Plan {
  const { waits } = input.policy;
  const seen = sortInput({ ...input, desired: cutTrials(input.desired, waits) });
  const { adoptions, refused } = findAdoptions(seen.desired.instances, {
    observed: seen.observed,
    allow: input.policy.allow,
  });
  const sorted = { ...seen, observed: withAdoptions(seen.observed, adoptions) };
  const { desired, observed } = sorted;
  const instances = orderInstances(
    desired.instances.filter(({ name, state }) => state !== "released" && !refused.has(name)),
  );
  const providers = findProviders(instances);
  const differing = findNetworkChanges(instances, observed);
  const found = findChanges(instances, { ...sorted, networks: differing });
  const spread = found.map(spreadChanges);
  const permitted = blockMassRemoval({
    ...sorted,
    changes: spread,
    undesired: findUndesired(desired, observed),
  });
  const loss = findVolumeLoss(sorted);
  const waiting = new Set([...permitted.waiting, ...findUnmade(loss, observed)]);
  const networks = differing.filter(({ instance }) => !waiting.has(instance.name));
  const keeping = findKeeping(permitted.changes, observed);
  const notLeft = permitted.removable.filter(
    ({ instance }) => !loss.staying.has(instance) && !keeping.has(instance),
  );
  const waited = waitForJobs({ changes: permitted.changes, undesired: notLeft }, sorted.record);
  const { undesired } = waited;
  const atWork = notLeft.filter((each) => !undesired.includes(each));
  const common = { observed, providers, undesired, loss };
  const { resting = [] } = input.policy;
  const possible = blockChanges({ ...common, changes: waited.changes, networks, resting });
  const held = findHeld(desired, { observed, undesired });
  const kept = { held, observed, record: input.record, resting };
  const heldInstances = { ...sorted, held, loss, keeping, atWork };
  const blocked = [
    ...[...refused.values()].flat(),
    ...permitted.blocked,
    ...waited.blocked,
    ...possible.blocked,
    ...findHeldRests(kept),
    ...findHeldGone(heldInstances),
  ];
  const planned = planOperations({
    ...sorted,
    ...common,
    changes: possible.changes,
    networks: networks.filter((network) => !isBlockedNetwork(blocked, network)),
    waiting,
  });
  return {
    environment: desired.environment,
    node: desired.node,
    desiredDigest: desired.digest,
    operations: orderOperations([
      ...afterAdoptions([...planned, ...planHeldStarts(kept)], planAdoptions(adoptions, observed)),
      ...planReleases(sorted),
    ]),
    blocked,
    notices: [
      ...findNotices(desired, observed),
      ...findHeldInstances(heldInstances),
      ...findStayingVolumes(sorted, { undesired, changes: possible.changes }),
      ...findMissedVolumes(sorted, loss),
      ...findAnonymousVolumes(observed, {
        leaving: findLeaving(possible.changes, undesired),
        changes: possible.changes,
      }),
      ...findLongWaits(input.desired, waits),
    ],
  };
}

/** Instances that wait for a person, and of which nothing is there yet. */
function findUnmade({ waiting }: VolumeLoss, { containers }: ObservedNode): string[] {
  return [...waiting].filter((name) => containers.every(({ instance }) => instance !== name));
}

function findChanges(
  instances: readonly DesiredInstance[],
  { observed, record, networks }: PlanInput & { networks: readonly NetworkChange[] },
): InstanceChange[] {
  const replaced = networks.filter(({ existing }) => existing !== null);
  const replacedNetworks = new Set(replaced.map(({ network }) => network.name));
  return instances.map((instance) => findInstanceChange(instance, { observed, record, replacedNetworks }));
}
