import type {
  DesiredInstance,
  DesiredNetwork,
  DesiredNode,
  ObservedNode,
  Plan,
  RecordState,
} from "@keelson/model";

import { afterAdoptions, planAdoptions, planReleases } from "./adoption-operations.ts";
import { findAdoptions, withAdoptions } from "./adoption.ts";
import { blockChanges, isBlockedNetwork } from "./blocked.ts";
import { findFolderChanges } from "./folder-change.ts";
import type { FolderChanges } from "./folder-state.ts";
import { spreadChanges } from "./followed-change.ts";
import {
  findHeld,
  findHeldGone,
  findHeldInstances,
  findHeldRests,
  listHeldNames,
  planHeldStarts,
} from "./held-container.ts";
import { blockHeld, keepFormer } from "./held-instance.ts";
import { findProviders, orderInstances } from "./instance-order.ts";
import { cutTrials, findLongWaits } from "./long-wait.ts";
import { blockMassRemoval } from "./mass-removal.ts";
import { judgeGrants } from "./judged-grant.ts";
import { type NetworkChange, findNetworkChanges } from "./network-change.ts";
import { waitForJobs } from "./job-at-work.ts";
import { findAnonymousVolumes, findMissedVolumes, findNotices, findStayingVolumes } from "./notice.ts";
import { findFolderNotices, findMisplaced } from "./folder-notice.ts";
import { findFormerFiles } from "./former-file-notice.ts";
import { orderOperations } from "./operation-graph.ts";
import { planOperations } from "./plan-operations.ts";
import type { PlanPolicy } from "./plan-policy.ts";
import { findLeaving, findUndesired } from "./removal.ts";
import { type InstanceChange, findInstanceChange } from "./service-change.ts";
import { sortInput } from "./sorted-input.ts";
import { findKeeping } from "./data-handover.ts";
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
  const { waits, allow, resting = [] } = input.policy;
  const seen = sortInput({ ...input, desired: cutTrials(input.desired, waits) });
  const { adoptions, unadopted } = findAdoptions(seen.desired, { observed: seen.observed, allow });
  const sorted = { ...seen, observed: withAdoptions(seen.observed, adoptions) };
  const { desired, observed } = sorted;
  const staying = desired.instances.filter(({ state }) => state !== "released");
  const instances = orderInstances(staying.filter(({ name }) => !unadopted.has(name)));
  const providers = findProviders(instances);
  const { refused, inUse } = judgeGrants({ ...sorted, instances: staying, allow });
  const differing = findNetworkChanges({ ...desired, instances }, observed);
  const folders = findFolderChanges(sorted, input.policy);
  const found = findChanges(instances, { ...sorted, networks: differing, folders });
  const spread = spreadChanges(found);
  const kept = keepFormer(findUndesired(desired, observed), sorted);
  const permitted = blockMassRemoval({ ...sorted, changes: spread, undesired: kept.leaving });
  const loss = findVolumeLoss(sorted);
  const waiting = new Set([...permitted.waiting, ...findUnmade(loss, observed), ...refused.keys()]);
  const networks = differing.filter(({ instance, network }) =>
    instance === null
      ? instances.some((each) => !waiting.has(each.name) && joinsNetwork(each, network))
      : !waiting.has(instance.name),
  );
  const keeping = findKeeping(permitted.changes, observed);
  const notLeft = permitted.removable.filter(
    ({ instance }) => !loss.staying.has(instance) && !keeping.has(instance) && !refused.has(instance),
  );
  const waited = waitForJobs({ changes: permitted.changes, undesired: notLeft }, sorted.record);
  const { undesired } = waited;
  const atWork = notLeft.filter((each) => !undesired.includes(each));
  const common = { observed, providers, undesired, loss };
  const possible = blockChanges({
    ...common,
    // What is not taken over is told by itself.
    desired: { ...desired, instances },
    changes: waited.changes,
    networks,
    folders,
    refused,
    allow,
    resting,
  });
  const held = findHeld(desired, { observed, undesired });
  const heldInput = { held, observed, record: input.record, resting };
  const heldInstances = { ...sorted, held, former: kept.former, loss, keeping, atWork };
  const blocked = [
    ...blockHeld(sorted),
    ...kept.blocked,
    ...[...unadopted.values()].flat(),
    ...permitted.blocked,
    ...waited.blocked,
    ...possible.blocked,
    ...findHeldRests(heldInput),
    ...findHeldGone(heldInstances),
  ];
  const planned = planOperations({
    ...sorted,
    ...common,
    changes: possible.changes,
    networks: networks.filter((network) => !isBlockedNetwork(blocked, network)),
    waiting,
    // Of what is not to be taken away, nobody knows what it needs again.
    filesKept: new Set([
      ...waiting,
      ...listHeldNames(heldInstances),
      ...(permitted.blocked.length === 0 ? [] : observed.storedInstances.map(({ instance }) => instance)),
    ]),
    partial: input.policy.partial,
  });
  return {
    environment: desired.environment,
    node: desired.node,
    desiredDigest: desired.digest,
    operations: orderOperations([
      ...afterAdoptions([...planned, ...planHeldStarts(heldInput)], planAdoptions(adoptions, observed)),
      ...planReleases(sorted),
    ]),
    blocked,
    notices: [
      ...findNotices(sorted),
      ...findHeldInstances(heldInstances),
      ...findStayingVolumes(sorted, { undesired, changes: possible.changes }),
      ...findMissedVolumes(sorted, loss),
      ...findFolderNotices(sorted),
      ...findMisplaced(sorted),
      ...findFormerFiles(sorted, possible.changes),
      ...findAnonymousVolumes(observed, {
        leaving: findLeaving(possible.changes, undesired),
        changes: possible.changes,
      }),
      ...findLongWaits(input.desired, waits),
    ],
    grants: inUse,
  };
}

function joinsNetwork({ services }: DesiredInstance, { name }: DesiredNetwork): boolean {
  return services.some(({ networks }) => networks.includes(name));
}

/** Instances that wait for a person, and of which nothing is there yet. */
function findUnmade({ waiting }: VolumeLoss, { containers }: ObservedNode): string[] {
  return [...waiting].filter((name) => containers.every(({ instance }) => instance !== name));
}

function findChanges(
  instances: readonly DesiredInstance[],
  {
    observed,
    record,
    networks,
    folders,
  }: PlanInput & { networks: readonly NetworkChange[]; folders: FolderChanges },
): InstanceChange[] {
  const replaced = networks.filter(({ existing }) => existing !== null);
  const replacedNetworks = new Set(replaced.map(({ network }) => network.name));
  const context = { observed, record, replacedNetworks, folders };
  return instances.map((instance) => findInstanceChange(instance, context));
}
