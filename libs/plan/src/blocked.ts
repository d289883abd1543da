import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredNode,
  type ObservedContainer,
  compareText,
  resourceIds,
} from "@keelson/model";

import { findBlockedResources } from "./blocked-resource.ts";
import { findMissingExternals } from "./external-resource.ts";
import { isDown } from "./cause.ts";
import { hasProcess, hasStopped } from "./container-state.ts";
import type { FolderChanges } from "./folder-state.ts";
import { findHeldNetworks } from "./held-network.ts";
import { findUnfit } from "./image-platform.ts";
import { findHeldSubnets } from "./held-subnet.ts";
import type { JudgedGrants } from "./judged-grant.ts";
import { noLiveChange } from "./live-change.ts";
import { findHeldNames } from "./name-release.ts";
import type { NetworkChange } from "./network-change.ts";
import { type ServiceChange, isToBeInstalled, makesContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { type ObstacleContext, findObstacles } from "./service-obstacle.ts";

export interface BlockInput extends Pick<
  ObstacleContext,
  "observed" | "changes" | "providers" | "undesired" | "resting" | "loss" | "allow" | "refused"
> {
  desired: DesiredNode;
  networks: readonly NetworkChange[];
  folders: FolderChanges;
}

/** What can be done now of what was found, and what cannot. */
export interface Blocking {
  /** With nothing left to do where something stands in the way. */
  changes: InstanceChange[];
  blocked: BlockedChange[];
}

/**
 * Takes back what may not or cannot be done now, so that nothing is planned for it; that can stand in the way of others,
 * so it is gone through until nothing more is taken back.
 */
export function blockChanges(input: BlockInput): Blocking {
  const { observed, networks } = input;
  const resources = new Map([
    ...input.loss.blocked,
    ...input.folders.blocked,
    ...findHeldSubnets(networks, { ...observed, ...input.desired }),
    ...findBlockedResources(input.desired, observed),
    ...findMissingExternals(input.desired, observed),
  ]);
  // Own copies: what was taken back of one service counts for the next.
  const changes = input.changes.map((change) => withoutRefused(change, input.refused));
  const refused = [...input.refused.values()].flat().map((each) => each.blocked);
  const obstacles: BlockedChange[] = [];
  let isSettled = false;
  while (!isSettled) {
    isSettled = true;
    for (const [resource, held] of findHeldNetworks(networks, { ...input, changes })) {
      if (!resources.has(resource)) resources.set(resource, held);
    }
    for (const own of changes) {
      for (const [name, service] of own.services) {
        if (service.isBlocked || service.action === "none") continue;
        // What would be left behind by a service is told of that service itself.
        const isTold = makesContainers(service) && input.loss.blocked.has(resourceOf(service, own));
        const found = isTold ? [] : findObstacles(service, { ...input, own, changes, resources });
        if (!isTold && found.length === 0) continue;
        obstacles.push(...found);
        own.services.set(name, keptUp(service, { ...input, own, changes, resources }));
        isSettled = false;
      }
    }
  }
  const names = findHeldNames({ ...input, changes });
  const unfit = findUnfit(changes, observed);
  const blocked = [...resources.values(), ...refused, ...obstacles, ...names, ...unfit].sort(
    (a, b) => compareText(a.resource, b.resource) || compareText(a.message, b.message),
  );
  return { changes, blocked };
}

/** Whether a network is among what is blocked, and therefore stays as it is. */
export function isBlockedNetwork(blocked: readonly BlockedChange[], { network }: NetworkChange): boolean {
  return blocked.some(({ resource }) => resource === resourceIds.network(network.name));
}

/**
 * An instance that asks for more than the node permits stays as it is: half of it is of no use. What it has is started again,
 * but for what itself has too much.
 */
function withoutRefused(change: InstanceChange, refused: JudgedGrants["refused"]) {
  const { instance, services } = change;
  const own = refused.get(instance.name);
  // Own copies: what was taken back of one service counts for the next.
  if (own === undefined) return { ...change, services: new Map(services) };
  const isRefused = (name: string) => own.some(({ service }) => service === "" || service === name);
  const kept = [...services].map(([name, service]) => {
    const isStart = service.action === "start" && !isRefused(name);
    const asItIs = { ...service, containers: { ...service.containers, extra: [] } };
    return [name, isStart ? asItIs : withdrawn(service, instance)] as const;
  });
  return { ...change, services: new Map(kept) };
}

function resourceOf({ service }: ServiceChange, { instance }: InstanceChange): string {
  return resourceIds.service(instance.project, service.name);
}

/** What would leave its data behind goes on as it is, and is started again like that when it is down. */
function keptUp(change: ServiceChange, context: ObstacleContext): ServiceChange {
  const { instance } = context.own;
  const { loss, observed } = context;
  const rest = withdrawn(change, instance);
  const { kept } = change.containers;
  const isJobDone = (each: ObservedContainer) =>
    change.service.oneShot && each.state === "exited" && each.exitCode === 0;
  const down = kept.find((each) => hasStopped(each) && !isJobDone(each));
  if (!loss.waiting.has(instance.name) || instance.state !== "running" || down === undefined) return rest;
  // The engine would make what is gone anew, empty.
  const isGone = (name: string) =>
    loss.guarded.has(name) && observed.volumes.every((each) => each.name !== name);
  const start: ServiceChange = { ...rest, action: "start", causes: [isDown(down)] };
  const isPossible = !down.volumes.some(isGone) && findObstacles(start, context).length === 0;
  return isPossible ? start : rest;
}

/** To be stopped is possible whatever else is not. */
function withdrawn(change: ServiceChange, instance: DesiredInstance): ServiceChange {
  const { service, containers } = change;
  const mustStop = instance.state === "installed" && containers.kept.some(hasProcess);
  return {
    service,
    containers: { ...containers, extra: [] },
    action: mustStop ? "stop" : "none",
    causes: mustStop ? [isToBeInstalled] : [],
    force: false,
    isMoved: false,
    live: noLiveChange(),
    isBlocked: true,
  };
}
