import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredService,
  type ObservedNode,
  type PublishedPort,
  compareText,
  resourceIds,
} from "@keelson/model";

import type { InstanceChange, ServiceChange } from "./service-change.ts";

/** What may not or cannot be done now. The changes it concerns are taken back, so that nothing is planned for them. */
export function blockChanges(
  changes: readonly InstanceChange[],
  on: { observed: ObservedNode; leaving: ReadonlySet<string> },
): BlockedChange[] {
  const blocked: BlockedChange[] = [];
  const stopped = new Map<string, string>();
  for (const change of changes) {
    const resources = findBlockedResources(change.instance, on.observed);
    for (const service of change.services.values()) {
      const found = findObstacle(service, { change, resources, ...on });
      if (found === null || service.action === "none") continue;
      blocked.push(...found);
      stopped.set(
        resourceIds.service(change.instance.project, service.service.name),
        found[0]?.resource ?? "",
      );
      withdraw(service);
    }
    spreadBlocks(change, { changes, stopped, blocked });
  }
  const unique = new Map(blocked.map((each) => [`${each.resource} ${each.code}`, each]));
  return [...unique.values()].sort((a, b) => compareText(a.resource, b.resource));
}

function withdraw(change: ServiceChange): void {
  Object.assign(change, { action: "none", causes: [], force: false, removeFirst: false });
  change.live = { restart: [], signals: new Map(), commands: new Map() };
  change.containers.extra.length = 0;
}

/** Networks and volumes under our names that are not ours, or that hold data of another definition. */
function findBlockedResources(instance: DesiredInstance, observed: ObservedNode): Map<string, BlockedChange> {
  const found = new Map<string, BlockedChange>();
  for (const network of instance.networks) {
    const existing = observed.networks.find((each) => each.name === network.name);
    if (existing === undefined || existing.ownership === "ours") continue;
    found.set(network.name, {
      resource: resourceIds.network(network.name),
      code: "K3007",
      message: `a network named ${network.name} exists that this node did not make`,
      hint: `Remove or rename it: docker network rm ${network.name}`,
    });
  }
  for (const volume of instance.volumes) {
    const existing = observed.volumes.find((each) => each.name === volume.name);
    if (existing === undefined) continue;
    const resource = resourceIds.volume(volume.name);
    if (existing.ownership !== "ours") {
      found.set(volume.name, {
        resource,
        code: "K3007",
        message: `a volume named ${volume.name} exists that this node did not make; its data is left alone`,
        hint: "If the data is not needed, remove it with docker volume rm; otherwise copy it elsewhere first.",
      });
    } else if (existing.digest !== volume.digest) {
      found.set(volume.name, {
        resource,
        code: "K3012",
        message: `the definition of volume ${volume.name} changed; Keelson does not make a volume anew, its data would be lost`,
        hint: "Keep the old definition, or give the volume a new name and move the data.",
      });
    }
  }
  return found;
}

interface ObstacleContext {
  change: InstanceChange;
  resources: ReadonlyMap<string, BlockedChange>;
  observed: ObservedNode;
  /** Names of containers that this plan removes: what they hold becomes free. */
  leaving: ReadonlySet<string>;
}

function findObstacle(change: ServiceChange, on: ObstacleContext): BlockedChange[] | null {
  const { service, containers, action } = change;
  const resource = resourceIds.service(on.change.instance.project, service.name);
  const found: BlockedChange[] = containers.foreign.map((container) => ({
    resource,
    code: "K3021",
    message: `container ${container.name} claims to be ${on.change.instance.project}/${service.name} and is not this node's`,
    hint: `Remove or rename it if nobody needs it: docker rm -f ${container.name}`,
  }));
  if (action === "create" || action === "recreate") {
    found.push(...[...service.networks, ...service.volumes].flatMap((name) => on.resources.get(name) ?? []));
  }
  if (action === "create" || action === "recreate" || action === "start") {
    found.push(...service.ports.flatMap((port) => heldPort(port, { service, resource, ...on })));
  }
  return found.length === 0 ? null : found;
}

function heldPort(
  port: PublishedPort,
  on: ObstacleContext & { service: DesiredService; resource: string },
): BlockedChange[] {
  const held = on.observed.heldPorts.find((each) => isSamePort(each, port));
  if (held === undefined || (held.container !== null && on.leaving.has(held.container))) return [];
  const holder = held.container === null ? "another program" : `container ${held.container}`;
  return [
    {
      resource: on.resource,
      code: "K3004",
      message: `port ${port.port}/${port.protocol}${port.hostIp === "" ? "" : ` of ${port.hostIp}`} is held by ${holder}`,
      hint: "Free the port, or change the setting that chooses it.",
    },
  ];
}

export function isSamePort(a: PublishedPort, b: PublishedPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && a.hostIp === b.hostIp;
}

/** What needs a blocked service waits, in this instance and in those that require it. */
function spreadBlocks(
  change: InstanceChange,
  on: { changes: readonly InstanceChange[]; stopped: Map<string, string>; blocked: BlockedChange[] },
): void {
  const { project, after } = change.instance;
  const blockedProviders = on.changes.filter(
    (other) =>
      after.includes(other.instance.name) &&
      [...on.stopped.keys()].some((key) => key.startsWith(`service:${other.instance.project}/`)),
  );
  let isSettled = false;
  while (!isSettled) {
    isSettled = true;
    for (const each of change.services.values()) {
      if (each.action === "none") continue;
      const needs = [...each.service.dependsOn.map(({ service }) => service), ...each.service.sharesWith];
      const local = needs.find((name) => on.stopped.has(resourceIds.service(project, name)));
      const cause = local === undefined ? blockedProviders[0]?.instance.project : `${project}/${local}`;
      if (cause === undefined) continue;
      const resource = resourceIds.service(project, each.service.name);
      on.stopped.set(resource, cause);
      on.blocked.push({
        resource,
        code: "K3023",
        message: `${project}/${each.service.name} waits for ${cause}, which is blocked`,
        hint: "It follows by itself once that is solved.",
      });
      withdraw(each);
      isSettled = false;
    }
  }
}
