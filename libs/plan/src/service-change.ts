import type {
  DesiredInstance,
  DesiredNetwork,
  DesiredService,
  ObservedContainer,
  ObservedInstanceFiles,
  ObservedNode,
  RecordState,
} from "@keelson/model";

import {
  type LiveChange,
  type MountChange,
  findLiveChange,
  findMountChanges,
  findStored,
} from "./file-change.ts";
import { type ServiceContainers, findContainers } from "./service-containers.ts";

export type ServiceAction = "none" | "create" | "recreate" | "start" | "restart" | "stop" | "remove";

/** What one service needs; everything the operations are made from. */
export interface ServiceChange {
  service: DesiredService;
  containers: ServiceContainers;
  action: ServiceAction;
  causes: string[];
  /** Compose sees no difference, so it has to be told. */
  force: boolean;
  /** The old containers must be gone before the network they are in can be made anew. */
  removeFirst: boolean;
  live: LiveChange;
}

/** Everything that one instance needs, decided without regard to order. */
export interface InstanceChange {
  instance: DesiredInstance;
  stored: ObservedInstanceFiles | undefined;
  mounts: MountChange[];
  services: Map<string, ServiceChange>;
}

export interface ChangeContext {
  observed: ObservedNode;
  record: RecordState;
  /** Ids of containers that only copy our labels. */
  copies: ReadonlySet<string>;
  /** Engine names of networks that are made in this plan, because they are missing or differ. */
  newNetworks: ReadonlySet<string>;
  replacedNetworks: ReadonlySet<string>;
}

export function findInstanceChange(instance: DesiredInstance, context: ChangeContext): InstanceChange {
  const stored = findStored(context.observed, instance);
  const mounts = instance.state === "absent" ? [] : findMountChanges(instance, stored);
  const services = new Map<string, ServiceChange>();
  for (const service of instance.services) {
    const containers = findContainers(service, { instance, ...context });
    const decision = decide(service, { instance, containers, context });
    const isKept = decision.action === "none" || decision.action === "start";
    const live = isKept
      ? findLiveChange(service, { instance, stored, mountChanges: mounts })
      : noLiveChange();
    const change: ServiceChange = {
      service,
      containers,
      live,
      removeFirst: false,
      force: false,
      ...decision,
    };
    if (change.action === "none" && live.restart.length > 0 && containers.kept.some(isUp)) {
      change.action = "restart";
      change.causes = live.restart;
    }
    services.set(service.name, change);
  }
  spread(services);
  return { instance, stored, mounts, services };
}

type Decision = Pick<ServiceChange, "action" | "causes"> &
  Partial<Pick<ServiceChange, "force" | "removeFirst">>;

function decide(
  service: DesiredService,
  on: { instance: DesiredInstance; containers: ServiceContainers; context: ChangeContext },
): Decision {
  const { kept } = on.containers;
  const wantsContainers = on.instance.state === "running" || on.instance.state === "installed";
  if (!wantsContainers) {
    return kept.length === 0
      ? none
      : { action: "remove", causes: [`instance ${on.instance.name} is to be ${on.instance.state} only`] };
  }
  if (kept.length < service.replicas && kept.length === 0)
    return { action: "create", causes: ["no container yet"] };
  const recreate = recreateDecision(service, on);
  if (recreate !== null) return recreate;
  if (kept.length < service.replicas)
    return { action: "create", causes: [`${kept.length} of ${service.replicas} containers`] };
  return stateDecision(service, { kept, isRunning: on.instance.state === "running" });
}

const none: Decision = { action: "none", causes: [] };

function recreateDecision(
  service: DesiredService,
  on: { instance: DesiredInstance; containers: ServiceContainers; context: ChangeContext },
): Decision | null {
  const { kept } = on.containers;
  const { observed, record, newNetworks, replacedNetworks } = on.context;
  const replaced = service.networks.filter((name) => replacedNetworks.has(name));
  if (replaced.length > 0) {
    return {
      action: "recreate",
      causes: replaced.map((name) => `network ${name} changed`),
      force: true,
      removeFirst: true,
    };
  }
  const outdated = kept.find((container) => container.digest !== service.digest);
  if (outdated !== undefined) {
    const before = record.serviceParts[`${on.instance.project}/${service.name}`];
    return {
      action: "recreate",
      causes: digestCauses(service, { before, container: outdated }),
      force: false,
    };
  }
  const image = observed.images[service.image];
  if (image !== null && image !== undefined && kept.some((container) => container.imageId !== image.id)) {
    return { action: "recreate", causes: [`${service.image} is another image now`], force: true };
  }
  const lost = service.networks.filter(
    (name) => newNetworks.has(name) || kept.some((container) => !container.networks.includes(name)),
  );
  if (lost.length > 0)
    return {
      action: "recreate",
      causes: lost.map((name) => `network ${name} is not connected`),
      force: true,
    };
  if (kept.some((container) => container.state === "dead"))
    return { action: "recreate", causes: ["the container is dead"], force: true };
  return null;
}

function stateDecision(
  service: DesiredService,
  on: { kept: readonly ObservedContainer[]; isRunning: boolean },
): Decision {
  if (!on.isRunning) {
    return on.kept.some(isUp) ? { action: "stop", causes: ["is to be installed, not running"] } : none;
  }
  if (on.kept.some((container) => container.state === "paused"))
    return { action: "restart", causes: ["the container is paused"] };
  const down = on.kept.find((container) => !isUp(container) && !hasCompleted(service, container));
  if (down === undefined) return none;
  const cause =
    down.state === "created" ? "was never started" : `is not running (exit code ${down.exitCode})`;
  return { action: "start", causes: [cause] };
}

/** `restarting` counts as up: the engine is at it, and a start would change nothing. */
export function isUp(container: ObservedContainer): boolean {
  return container.state === "running" || container.state === "restarting";
}

export function hasCompleted(service: DesiredService, container: ObservedContainer): boolean {
  return (
    service.oneShot &&
    container.state === "exited" &&
    container.exitCode === 0 &&
    container.digest === service.digest
  );
}

/** What differs between two digests, in words. Without the parts of the old one only the image can be told. */
function digestCauses(
  service: DesiredService,
  on: { before: Record<string, string> | undefined; container: ObservedContainer },
): string[] {
  const causes = on.container.image === service.image ? [] : [imageCause(on.container.image, service.image)];
  const { before } = on;
  if (before !== undefined) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(service.parts)])) {
      if (key === "image" || before[key] === service.parts[key]) continue;
      const verb =
        before[key] === undefined ? "added" : service.parts[key] === undefined ? "removed" : "changed";
      causes.push(`${key} ${verb}`);
    }
  }
  return causes.length > 0 ? causes : ["its configuration changed"];
}

function imageCause(before: string, after: string): string {
  const [nameBefore, tagBefore] = splitTag(before);
  const [nameAfter, tagAfter] = splitTag(after);
  return nameBefore === nameAfter ? `image ${tagBefore} → ${tagAfter}` : `image ${before} → ${after}`;
}

function splitTag(reference: string): [string, string] {
  const at = reference.lastIndexOf(":");
  return at > reference.lastIndexOf("/")
    ? [reference.slice(0, at), reference.slice(at + 1)]
    : [reference, "latest"];
}

/** Services that live in another one's namespace, or ask to be restarted with it, follow what happens to it. */
function spread(services: Map<string, ServiceChange>): void {
  let isSettled = false;
  while (!isSettled) {
    isSettled = true;
    for (const change of services.values()) {
      const followed = follow(change, services);
      if (followed === null) continue;
      Object.assign(change, followed);
      isSettled = false;
    }
  }
}

const weight: Record<ServiceAction, number> = {
  none: 0,
  start: 1,
  restart: 2,
  stop: 0,
  remove: 0,
  create: 3,
  recreate: 3,
};

function follow(
  change: ServiceChange,
  services: ReadonlyMap<string, ServiceChange>,
): Pick<ServiceChange, "action" | "causes" | "force"> | null {
  if (change.containers.kept.length === 0) return null;
  for (const name of change.service.sharesWith) {
    const provider = services.get(name)?.action ?? "none";
    const isReplaced = provider === "create" || provider === "recreate";
    const action = isReplaced
      ? "recreate"
      : provider === "start" || provider === "restart"
        ? "restart"
        : "none";
    if (weight[action] > weight[change.action])
      return { action, causes: [`shares the namespace of ${name}`], force: isReplaced };
  }
  for (const { service: name, restart } of change.service.dependsOn) {
    const dependency = services.get(name)?.action ?? "none";
    if (
      restart &&
      weight[dependency] >= weight.restart &&
      change.action === "none" &&
      change.containers.kept.some(isUp)
    ) {
      return { action: "restart", causes: [`${name} is replaced or restarted`], force: false };
    }
  }
  return null;
}

function noLiveChange(): LiveChange {
  return { restart: [], signals: new Map(), commands: new Map() };
}

/** Networks of an instance that have to be made, and those that have to be replaced first. */
export function findNetworkChanges(
  instance: DesiredInstance,
  observed: ObservedNode,
): { missing: DesiredNetwork[]; replaced: DesiredNetwork[] } {
  const state = (network: DesiredNetwork) => observed.networks.find((each) => each.name === network.name);
  return {
    missing: instance.networks.filter((network) => state(network) === undefined),
    replaced: instance.networks.filter((network) => {
      const found = state(network);
      return found !== undefined && found.ownership === "ours" && found.digest !== network.digest;
    }),
  };
}
