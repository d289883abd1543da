import {
  type BlockedChange,
  type DesiredInstance,
  type ObservedContainer,
  type ObservedNode,
  resourceIds,
} from "@keelson/model";

import { adoptionHint } from "./adoption-hint.ts";
import { isUnsafe } from "./blocked-folder.ts";
import type { NodeAllowance } from "./host-path.ts";
import { isImpostor } from "./blocked-resource.ts";
import { hasCompleted, isUp } from "./container-state.ts";
import { platformObstacles } from "./image-platform.ts";
import { isAbsent } from "./external-resource.ts";
import type { JudgedGrants } from "./judged-grant.ts";
import { findStored, hidesFiles } from "./mount-change.ts";
import { findNameHolders, heldName } from "./name-release.ts";
import { findReleases } from "./port-release.ts";
import { type RestlessService, describeRest } from "./restless.ts";
import { type ServiceChange, comesUp, makesContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import { sourceObstacles } from "./source-obstacle.ts";
import { handoverObstacles, writerObstacles } from "./data-handover.ts";
import { type VolumeLoss, isLost } from "./volume-loss.ts";

export interface ObstacleContext {
  observed: ObservedNode;
  /** The instance of the service, and all. */
  own: InstanceChange;
  changes: readonly InstanceChange[];
  /** What is blocked itself, by resource id. */
  resources: ReadonlyMap<string, BlockedChange>;
  /** By instance, all that it requires. */
  providers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Containers that are removed because nothing desires them any more. */
  undesired: readonly ObservedContainer[];
  /** What may not be started again now. */
  resting: readonly RestlessService[];
  /** Volumes that are not made, because data would be lost sight of. */
  loss: VolumeLoss;
  /** What this node permits, and by instance what it refuses. */
  allow: NodeAllowance;
  refused: JudgedGrants["refused"];
}

/** Why what a service needs may not or cannot be done now. */
export function findObstacles(change: ServiceChange, context: ObstacleContext): BlockedChange[] {
  if (!comesUp(change)) return [];
  const { service } = change;
  const { instance } = context.own;
  const resource = resourceIds.service(instance.project, service.name);
  const left = leftBehind(change, context);
  if (left !== null) return [waitsFor(left, { change, resource, context })];
  const found = [
    ...foreignObstacles(change, resource, context),
    ...portObstacles(change, resource, context),
    ...nameObstacles(change, resource, context),
    ...restObstacles(change, resource, context),
    ...handoverObstacles(change, { ...context, resource, instance }),
    ...writerObstacles(change, { ...context, resource, instance }),
    ...sourceObstacles(change, { ...context, resource, instance }),
    ...(makesContainers(change) ? platformObstacles(service, { ...context, instance }) : []),
  ];
  if (found.length > 0) return found;
  const awaited =
    blockedResource(change, context) ??
    blockedDependency(change, context) ??
    blockedFollower(change, context);
  return awaited === null ? [] : [waitsFor(awaited, { change, resource, context })];
}

function waitsFor(
  awaited: string,
  { change, resource, context }: { change: ServiceChange; resource: string; context: ObstacleContext },
): BlockedChange {
  return {
    resource,
    code: "K3023",
    message: `${context.own.instance.project}/${change.service.name} waits for ${awaited}, which is blocked`,
    hint: "It follows by itself once that is solved.",
  };
}

/** Nothing of an instance is made while it would leave its data behind: half of it is of no use. */
function leftBehind(change: ServiceChange, { own: { instance }, loss }: ObstacleContext): string | null {
  if (!makesContainers(change) || !loss.waiting.has(instance.name)) return null;
  const volume = instance.volumes.find(({ name }) => loss.blocked.has(resourceIds.volume(name)));
  if (volume !== undefined) return `volume ${volume.name}`;
  const service = instance.services.find((each) =>
    loss.blocked.has(resourceIds.service(instance.project, each.name)),
  );
  return service === undefined ? null : `${instance.project}/${service.name}`;
}

/** Compose takes whatever carries its labels for its own, and would replace it. */
function foreignObstacles(
  change: ServiceChange,
  resource: string,
  context: ObstacleContext,
): BlockedChange[] {
  if (!makesContainers(change)) return [];
  const { containers, service } = change;
  const { instance } = context.own;
  const shown = `${instance.project}/${service.name}`;
  return containers.foreign.map((found) => ({ resource, ...describeForeign(found, { instance, shown }) }));
}

function describeForeign(
  found: ObservedContainer,
  { instance, shown }: { instance: DesiredInstance; shown: string },
): Pick<BlockedChange, "code" | "message" | "hint"> {
  const { name, ownership } = found;
  const inTheWay = `container ${name} stands in the place of ${shown} and is not this node's`;
  if (ownership === "unproven") {
    return {
      code: "K3025",
      message: `the record of this node was lost, and nothing that is left shows that it made container ${name} of ${shown}`,
      hint: `It has labels of this node's key, so it may well be its own. If an agent of this node publishes a status, name its configuration: --config FILE. If no status names it, and nothing of it but its volumes is needed, remove it, and it is made anew: docker rm -f ${name}`,
    };
  }
  if (ownership === "forged") {
    return {
      code: "K3021",
      message: inTheWay,
      hint: `It has labels of Keelson. If this node has released it, let Docker Compose make it anew (up -d --force-recreate), and adopt that. If it was made with another key of this node, restore that, or name its configuration: --config FILE. If it is a copy that nobody needs, remove it: docker rm -f ${name}`,
    };
  }
  return {
    code: "K3021",
    message: inTheWay,
    hint: `${adoptionHint(found, instance)}If nobody needs it, remove it: docker rm -f ${name}`,
  };
}

function portObstacles(change: ServiceChange, resource: string, context: ObstacleContext): BlockedChange[] {
  if (context.own.instance.state !== "running" || change.action === "restart") return [];
  return findReleases(change, context)
    .filter(({ release }) => release === null)
    .map(({ held }) => ({
      resource,
      code: "K3004",
      message: `port ${held.port}/${held.protocol}${held.hostIp === "" ? "" : ` of ${held.hostIp}`} is held by ${held.container === null ? "another program" : `container ${held.container}`}`,
      hint: `${held.container === null ? `See which: ss -lnp 'sport = :${held.port}'. ` : ""}Free the port, or change the setting that chooses it.`,
    }));
}

/** Compose makes a container only where nothing else has its name, and takes away the old one before it sees that. */
function nameObstacles(change: ServiceChange, resource: string, context: ObstacleContext): BlockedChange[] {
  if (!makesContainers(change)) return [];
  return findNameHolders(change, context)
    .filter(({ isReleased }) => !isReleased)
    .map(({ holder }) => heldName(holder, { resource, wantedBy: change, own: context.own }));
}

/** A start that has been of no use again and again waits for its time. A new configuration does not. */
function restObstacles(change: ServiceChange, resource: string, context: ObstacleContext): BlockedChange[] {
  if (change.action !== "start") return [];
  const { project } = context.own.instance;
  const rest = context.resting.find(
    (each) => each.project === project && each.service === change.service.name,
  );
  if (rest === undefined || rest.restsUntil === null) return [];
  return [{ resource, ...describeRest(rest) }];
}

/** What exists is good enough to be started again, unless it is not what it says: a volume can be a folder of the host. */
function blockedResource(change: ServiceChange, context: ObstacleContext): string | null {
  const isMade = makesContainers(change);
  const isBarred = (resource: string) => {
    const blocked = context.resources.get(resource);
    // What is lost would be made again by the engine, empty, when it starts what had it.
    if (blocked === undefined) return false;
    return isMade || [isImpostor, isLost, isAbsent, isUnsafe].some((is) => is(blocked));
  };
  // The engine starts a container in the network of its id, whatever else has that name.
  const isOwn = (network: string) =>
    context.observed.networks.some((each) => each.name === network && each.ownership === "ours");
  const { name, networks, volumes, externalVolumes = [] } = change.service;
  const { instance } = context.own;
  const bindsFiles = instance.mounts.some(({ services }) => services.includes(name));
  // What is there already is started as it is; what is new needs files of which nobody can say that they are there.
  if (isMade && bindsFiles && hidesFiles(findStored(context.observed, instance)))
    return `a look at the files of ${instance.project}`;
  const network = networks.find((each) => isBarred(resourceIds.network(each)) && (isMade || !isOwn(each)));
  const volume = [...volumes, ...externalVolumes].find((each) => isBarred(resourceIds.volume(each)));
  const folder = instance.folders
    .filter(({ services }) => services.includes(name))
    .find(({ source }) => isBarred(resourceIds.folder(instance.project, source)));
  if (network !== undefined) return `network ${network}`;
  if (volume !== undefined) return `volume ${volume}`;
  return folder === undefined ? null : `data folder ${folder.source}`;
}

/** What it needs, in its instance and in those that its instance requires. */
function blockedDependency(change: ServiceChange, context: ObstacleContext): string | null {
  const { dependsOn, sharesWith } = change.service;
  const needed = [...dependsOn.map(({ service }) => service), ...sharesWith];
  const local = needed.find((name) => standsInTheWay(context.own.services.get(name), change));
  if (local !== undefined) return `${context.own.instance.project}/${local}`;
  const required = context.providers.get(context.own.instance.name) ?? new Set();
  for (const { instance, services } of context.changes) {
    if (!required.has(instance.name)) continue;
    const provider = [...services.values()].find((other) => standsInTheWay(other, change));
    if (provider !== undefined)
      return context.refused.has(instance.name)
        ? `instance ${instance.name}`
        : `${instance.project}/${provider.service.name}`;
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
function blockedFollower(change: ServiceChange, { own, changes }: ObstacleContext): string | null {
  if (change.action === "start") return null;
  const { name } = change.service;
  const followers = [
    ...[...own.services.values()]
      .filter(({ service }) => service.sharesWith.includes(name))
      .map((follower) => ({ follower, project: own.instance.project })),
    ...changes.flatMap(({ instance, services }) =>
      [...services.values()]
        .filter(({ service }) => service.joins?.includes(`${own.instance.project}/${name}`) === true)
        .map((follower) => ({ follower, project: instance.project })),
    ),
  ];
  const blocked = followers.find(({ follower }) => follower.isBlocked && follower.containers.kept.length > 0);
  return blocked === undefined ? null : `${blocked.project}/${blocked.follower.service.name}`;
}
