import {
  type BlockedChange,
  type DesiredInstance,
  type ObservedContainer,
  type ObservedNode,
  compareText,
  resourceIds,
} from "@keelson/model";

import { hasCompleted, hasProcess, isUp } from "./container-state.ts";
import { findHeldSubnets } from "./held-subnet.ts";
import { findBlockedResources, isImpostor } from "./blocked-resource.ts";
import { noLiveChange } from "./live-change.ts";
import { findStored, hidesFiles } from "./mount-change.ts";
import type { NetworkChange } from "./network-change.ts";
import { findReleases } from "./port-release.ts";
import type { ServiceAction, ServiceChange } from "./service-action.ts";
import { type InstanceChange } from "./service-change.ts";
import { sourceObstacles } from "./source-obstacle.ts";

export interface BlockInput {
  observed: ObservedNode;
  changes: readonly InstanceChange[];
  networks: readonly NetworkChange[];
  /** By instance, all that it requires. */
  providers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Containers that are removed because nothing desires them any more. */
  undesired: readonly ObservedContainer[];
}

/**
 * What may not or cannot be done now. The changes it concerns are taken back, so that nothing is planned for them;
 * that can stand in the way of others, so it is gone through until nothing more is taken back.
 */
export function blockChanges(input: BlockInput): BlockedChange[] {
  const instances = input.changes.map(({ instance }) => instance);
  const resources = new Map([
    ...findHeldSubnets(input.networks, input.observed),
    ...findBlockedResources(instances, input.observed),
  ]);
  const blocked: BlockedChange[] = [];
  let isSettled = false;
  while (!isSettled) {
    isSettled = true;
    for (const [resource, found] of findHeldNetworks(input)) {
      if (!resources.has(resource)) resources.set(resource, found);
    }
    for (const { instance, services } of input.changes) {
      for (const change of services.values()) {
        if (change.isBlocked || change.action === "none") continue;
        const found = findObstacles(change, { instance, services, resources, input });
        if (found.length === 0) continue;
        blocked.push(...found);
        withdraw(change, instance);
        isSettled = false;
      }
    }
  }
  return [...resources.values(), ...blocked].sort(
    (a, b) => compareText(a.resource, b.resource) || compareText(a.message, b.message),
  );
}

/** Whether a network is among what is blocked, and therefore stays as it is. */
export function isBlockedNetwork(blocked: readonly BlockedChange[], { network }: NetworkChange): boolean {
  return blocked.some(({ resource }) => resource === resourceIds.network(network.name));
}

/** To be stopped is possible whatever else is not. */
function withdraw(change: ServiceChange, instance: DesiredInstance): void {
  const mustStop = instance.state === "installed" && change.containers.kept.some(hasProcess);
  change.action = mustStop ? "stop" : "none";
  change.causes = mustStop ? ["is to be installed, not running"] : [];
  change.isBlocked = true;
  change.force = false;
  change.removeFirst = false;
  change.live = noLiveChange();
  change.containers.extra = [];
}

/** A network cannot be made anew while a container is in it that this plan does not take away. */
function findHeldNetworks(input: BlockInput): Map<string, BlockedChange> {
  const leaving = new Set(input.undesired.map(({ id }) => id));
  for (const { services } of input.changes) {
    for (const { service, containers, action, removeFirst } of services.values()) {
      const goes = action === "remove" || removeFirst;
      const ended = containers.kept.filter((each) => goes || hasCompleted(service, each));
      for (const { id } of [...containers.extra, ...ended]) leaving.add(id);
    }
  }
  const held = new Map<string, BlockedChange>();
  for (const { network, existing } of input.networks) {
    if (existing === null) continue;
    const holder =
      input.observed.containers.find(
        ({ id, networks }) => networks.includes(network.name) && !leaving.has(id),
      ) ?? findOtherMember(existing.id, input.observed);
    if (holder === undefined) continue;
    held.set(resourceIds.network(network.name), {
      resource: resourceIds.network(network.name),
      code: "K3013",
      message: `the definition of network ${network.name} changed, but it cannot be made anew while container ${holder.name} is in it`,
      hint:
        holder.ownership === "ours"
          ? "It follows by itself once that container can be replaced."
          : `Disconnect the container: docker network disconnect ${network.name} ${holder.name}`,
    });
  }
  return held;
}

function findOtherMember(
  networkId: string,
  { otherMembers = [] }: ObservedNode,
): Pick<ObservedContainer, "name" | "ownership"> | undefined {
  const member = otherMembers.find((each) => each.networkId === networkId);
  return member === undefined ? undefined : { name: member.container, ownership: "foreign" };
}

interface ObstacleContext {
  instance: DesiredInstance;
  services: ReadonlyMap<string, ServiceChange>;
  /** By resource id. */
  resources: ReadonlyMap<string, BlockedChange>;
  input: BlockInput;
}

const upward: readonly ServiceAction[] = ["create", "recreate", "start", "restart"];

function findObstacles(change: ServiceChange, on: ObstacleContext): BlockedChange[] {
  const { service, action } = change;
  const resource = resourceIds.service(on.instance.project, service.name);
  // Whatever goes down needs nobody's leave.
  if (!upward.includes(action)) return [];
  const found = [
    ...foreignObstacles(change, resource, on),
    ...portObstacles(change, resource, on),
    ...sourceObstacles(change, { resource, instance: on.instance, observed: on.input.observed }),
  ];
  if (found.length > 0) return found;
  const awaited = blockedResource(change, on) ?? blockedDependency(change, on) ?? blockedFollower(change, on);
  if (awaited === null) return [];
  return [
    {
      resource,
      code: "K3023",
      message: `${on.instance.project}/${service.name} waits for ${awaited}, which is blocked`,
      hint: "It follows by itself once that is solved.",
    },
  ];
}

/** Compose takes whatever carries its labels for its own, and would replace it. */
function foreignObstacles(change: ServiceChange, resource: string, on: ObstacleContext): BlockedChange[] {
  const { containers, action, service } = change;
  if (action !== "create" && action !== "recreate") return [];
  const shown = `${on.instance.project}/${service.name}`;
  return containers.foreign.map(({ name, ownership }) =>
    ownership === "unproven"
      ? {
          resource,
          code: "K3025",
          message: `the record of this node is lost, and nothing that is left shows that it made container ${name} of ${shown}`,
          hint: `If it is this node's, or nobody needs it, remove it: docker rm -f ${name}. It is made anew, and its volumes stay.`,
        }
      : {
          resource,
          code: "K3021",
          message: `container ${name} stands in the place of ${shown} and is not this node's`,
          hint: `If this node made it, say with which configuration: --config FILE. If nobody needs it, remove it: docker rm -f ${name}`,
        },
  );
}

function portObstacles(change: ServiceChange, resource: string, on: ObstacleContext): BlockedChange[] {
  if (on.instance.state !== "running" || change.action === "restart") return [];
  return findReleases(change, { ...on.input, creations: new Map() })
    .filter(({ after }) => after === null)
    .map(({ held }) => ({
      resource,
      code: "K3004",
      message: `port ${held.port}/${held.protocol}${held.hostIp === "" ? "" : ` of ${held.hostIp}`} is held by ${held.container === null ? "another program" : `container ${held.container}`}`,
      hint: `${held.container === null ? `See which: ss -lnp 'sport = :${held.port}'. ` : ""}Free the port, or change the setting that chooses it.`,
    }));
}

/** What exists is good enough to be started again, unless it is not what it says: a volume can be a folder of the host. */
function blockedResource(change: ServiceChange, on: ObstacleContext): string | null {
  const isMade = change.action === "create" || change.action === "recreate";
  const isBarred = (resource: string) => {
    const blocked = on.resources.get(resource);
    return blocked !== undefined && (isMade || isImpostor(blocked));
  };
  // The engine starts a container in the network of its id, whatever else has that name.
  const isOwn = (network: string) =>
    on.input.observed.networks.some((each) => each.name === network && each.ownership === "ours");
  const { name, networks, volumes } = change.service;
  const { instance } = on;
  const bindsFiles = instance.mounts.some(({ services }) => services.includes(name));
  // What is there already is started as it is; what is new needs files of which nobody can say that they are there.
  if (isMade && bindsFiles && hidesFiles(findStored(on.input.observed, instance)))
    return `a look at the files of ${instance.project}`;
  const network = networks.find((each) => isBarred(resourceIds.network(each)) && (isMade || !isOwn(each)));
  const volume = volumes.find((each) => isBarred(resourceIds.volume(each)));
  return network !== undefined ? `network ${network}` : volume !== undefined ? `volume ${volume}` : null;
}

/** What it needs, in its instance and in those that its instance requires. */
function blockedDependency(change: ServiceChange, on: ObstacleContext): string | null {
  const { dependsOn, sharesWith } = change.service;
  const needed = [...dependsOn.map(({ service }) => service), ...sharesWith];
  const local = needed.find((name) => standsInTheWay(on.services.get(name), change));
  if (local !== undefined) return `${on.instance.project}/${local}`;
  const required = on.input.providers.get(on.instance.name) ?? new Set();
  for (const { instance, services } of on.input.changes) {
    if (!required.has(instance.name)) continue;
    const provider = [...services.values()].find((other) => standsInTheWay(other, change));
    if (provider !== undefined) return `${instance.project}/${provider.service.name}`;
  }
  return null;
}

/** What runs as before is good enough for a container that only has to be started again. */
function standsInTheWay(needed: ServiceChange | undefined, change: ServiceChange): boolean {
  if (needed === undefined || !needed.isBlocked) return false;
  const { service, containers } = needed;
  const serves =
    containers.kept.length > 0 && containers.kept.every((each) => isUp(each) || hasCompleted(service, each));
  return !(change.action === "start" && serves);
}

/** One that lives in its namespace and cannot be replaced with it would be left in a dead one. */
function blockedFollower(change: ServiceChange, on: ObstacleContext): string | null {
  if (change.action === "start") return null;
  const follower = [...on.services.values()].find(
    (other) =>
      other.isBlocked &&
      other.containers.kept.length > 0 &&
      other.service.sharesWith.includes(change.service.name),
  );
  return follower === undefined ? null : `${on.instance.project}/${follower.service.name}`;
}
