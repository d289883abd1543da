import {
  type Cause,
  type ContainerLimits,
  type DesiredInstance,
  type DesiredService,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type ObservedNode,
  type RecordState,
  isInSync,
  ownOf,
  runsLockedImage,
  withoutDigest,
} from "@keelson/model";

import { because, isDown, uniqueCauses } from "./cause.ts";
import { digestCauses } from "./change-cause.ts";
import { hasCompleted, hasProcess, isUp } from "./container-state.ts";
import { formerFileCauses } from "./former-file.ts";
import { type FolderChanges, type InstanceFolders, findDataFolder, noFolders } from "./folder-state.ts";
import { findLiveChange, noLiveChange } from "./live-change.ts";
import { type MountChange, findMountChanges, findStored, hidesFiles } from "./mount-change.ts";
import { findEndpoint, lackOf } from "./network-endpoint.ts";
import { type ServiceChange, isToBeInstalled, staysAsItIs } from "./service-action.ts";
import { type ServiceContainers, findContainers } from "./service-containers.ts";

/** Everything that one instance needs, decided without regard to order. */
export interface InstanceChange {
  readonly instance: DesiredInstance;
  readonly stored: ObservedInstanceFiles | undefined;
  readonly mounts: readonly MountChange[];
  readonly folders: InstanceFolders;
  /** By name, in the order of their names. */
  readonly services: ReadonlyMap<string, ServiceChange>;
}

export interface ChangeContext {
  observed: ObservedNode;
  record: RecordState;
  /** Engine names of networks that are made anew in this plan, because their definition changed. */
  replacedNetworks: ReadonlySet<string>;
  folders: FolderChanges;
}

export function findInstanceChange(instance: DesiredInstance, context: ChangeContext): InstanceChange {
  const stored = findStored(context.observed, instance);
  const mounts = findMountChanges(instance, { stored, observed: context.observed });
  const folders = context.folders.instances.get(instance.name) ?? noFolders;
  const found = { instance, stored, mounts, folders };
  const services = instance.services.map(
    (service) => [service.name, findServiceChange(service, { ...found, context })] as const,
  );
  return { ...found, services: new Map(services) };
}

function findServiceChange(
  service: DesiredService,
  found: Omit<InstanceChange, "services"> & { context: ChangeContext },
): ServiceChange {
  const { instance, stored, mounts, folders, context } = found;
  const containers = findContainers(service, { instance, observed: context.observed });
  const decision = decide(service, { instance, containers, stored, mounts, context });
  const isMoved = findMoved(service, { containers, context }).length > 0;
  const base = { service, containers, live: noLiveChange(), ...mildest, isMoved, ...decision };
  if (instance.state !== "running" || !staysAsItIs(base) || hidesFiles(stored)) return base;
  const live = findLiveChange(service, { instance, containers, stored, folders, mountChanges: mounts });
  const mustRestart = base.action === "none" && live.restart.length > 0 && containers.kept.some(isUp);
  return { ...base, live, ...(mustRestart ? { action: "restart", causes: live.restart } : {}) };
}

const mildest = { force: false, isBlocked: false };

/** Whether an instance in its desired state has containers at all. */
export function wantsContainers(instance: DesiredInstance): boolean {
  return instance.state === "running" || instance.state === "installed";
}

type Decision = Pick<ServiceChange, "action" | "causes"> & Partial<Pick<ServiceChange, "force">>;

interface DecisionContext {
  instance: DesiredInstance;
  containers: ServiceContainers;
  stored: ObservedInstanceFiles | undefined;
  mounts: readonly MountChange[];
  context: ChangeContext;
}

const none: Decision = { action: "none", causes: [] };

function decide(service: DesiredService, found: DecisionContext): Decision {
  const { kept } = found.containers;
  const { name, state } = found.instance;
  if (service.replicas === 0) return none;
  if (!wantsContainers(found.instance)) {
    return kept.length === 0
      ? none
      : { action: "remove", causes: [because.desired(`instance ${name} is to be ${state} only`)] };
  }
  const lack = hasLost(service, found) ? because.lost : because.desired;
  if (kept.length === 0) return { action: "create", causes: [lack("no container yet")] };
  const recreate = recreateDecision(service, found);
  if (recreate !== null) return recreate;
  if (kept.length < service.replicas)
    return { action: "create", causes: [lack(`${kept.length} of ${service.replicas} containers`)] };
  return state === "running" ? startDecision(service, found) : stopDecision(kept);
}

/** All reasons for which containers that are there have to be made anew; null when there is none. */
function recreateDecision(service: DesiredService, found: DecisionContext): Decision | null {
  const { kept } = found.containers;
  const outdated = kept.find((container) => !isInSync(container, service));
  const former = formerFileCauses(service, { ...found, kept });
  const unseen = [...unseenCauses(service, found), ...former];
  if (outdated === undefined && unseen.length === 0) return null;
  const before = found.context.record.serviceParts[`${found.instance.project}/${service.name}`];
  const seen =
    outdated === undefined
      ? []
      : digestCauses(service, { before, container: outdated, stored: found.stored });
  // Compose goes by names: where the same one stands for other bytes, it sees no difference.
  const force = unseen.length > 0 || kept.some((container) => !runsLockedImage(container, service));
  return { action: "recreate", causes: [...seen, ...unseen], force };
}

/** Networks that are made anew and that its containers are in, or are to be in. */
function findMoved(
  service: DesiredService,
  { containers, context }: Pick<DecisionContext, "containers" | "context">,
): string[] {
  const joined = [...containers.kept, ...containers.extra].flatMap(({ networks }) => networks);
  return [...new Set([...service.networks, ...joined])].filter((name) => context.replacedNetworks.has(name));
}

/** What is wrong with containers that have the right digest, so that Compose sees no difference. */
function unseenCauses(service: DesiredService, found: DecisionContext): Cause[] {
  const { containers, context } = found;
  const same = containers.kept.filter((container) => isInSync(container, service));
  const changed = same.flatMap(({ id, limits = {} }) =>
    changedLimits(context.record.limits?.[id] ?? limits, limits),
  );
  const broken = same.filter(({ state }) => state === "dead" || state === "removing");
  return [
    ...(isTagMoved(service, { same, observed: context.observed })
      ? [because.drift(`${service.image} is another image now`)]
      : []),
    ...uniqueCauses(same.flatMap((container) => placeCauses(container, { service, ...found }))),
    ...(needsNoNetwork(service, containers)
      ? []
      : [
          ...uniqueCauses(changed.map((name) => because.drift(`${name} was changed by hand`))),
          ...fixedCauses(service, { ...found, same }),
        ]),
    ...uniqueCauses(broken.map(({ state }) => because.drift(`the container is ${state}`))),
  ];
}

/**
 * Whether a tag names other bytes on this node than a container was made of. Where they are locked, and in what was made by a
 * digest, a tag is of no matter.
 */
function isTagMoved(
  { image, lockedImage }: DesiredService,
  { same, observed }: { same: readonly ObservedContainer[]; observed: ObservedNode },
): boolean {
  const named = ownOf(observed.images, image)?.id;
  const isByDigest = (each: ObservedContainer) => each.image !== image && withoutDigest(each.image) === image;
  if (lockedImage !== undefined || named === undefined) return false;
  return same.some((each) => each.imageId !== named && !isByDigest(each));
}

/** Data folders that a container has at another place of the node than it is to have now. */
function placeCauses(
  { binds }: ObservedContainer,
  { service, instance, context }: Pick<DecisionContext, "instance" | "context"> & { service: DesiredService },
): Cause[] {
  return instance.folders
    .filter(({ services }) => services.includes(service.name))
    .flatMap(({ source }) => {
      const path = findDataFolder(context.observed, { instance: instance.name, source })?.path;
      const isThere = path === undefined || binds.includes(path);
      return isThere ? [] : [because.desired(`data folder ${source} is to be at ${path}`)];
    });
}

/** What is wrong with the networks of containers that cannot be connected as they are to be. */
function fixedCauses(
  service: DesiredService,
  { instance, context, same }: DecisionContext & { same: readonly ObservedContainer[] },
): Cause[] {
  const causes = service.networks.flatMap((network) =>
    same
      .filter((container) => findEndpoint(service, { instance, network, container }) === null)
      .flatMap((container) =>
        context.replacedNetworks.has(network)
          ? because.desired(`network ${network} changed`)
          : (lackOf(network, { container, service, instance }) ?? []),
      ),
  );
  return uniqueCauses(causes);
}

/** Names of the limits that a container has otherwise than it had at first. */
function changedLimits(before: ContainerLimits, now: ContainerLimits): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]).sort();
}

/** A job that has done its work must not do it twice. One that gets further containers is started as a whole. */
function needsNoNetwork(service: DesiredService, { kept }: ServiceContainers): boolean {
  return kept.length === service.replicas && kept.every((container) => hasCompleted(service, container));
}

function startDecision(service: DesiredService, found: DecisionContext): Decision {
  const { kept } = found.containers;
  const isDone = (container: ObservedContainer) =>
    hasCompleted(service, container) && !wasStopped(service, found);
  const down = kept.find((container) => !isUp(container) && !isDone(container));
  return down === undefined ? none : { action: "start", causes: [downCause(down, found)] };
}

/**
 * Whether this node has stopped a job, with its instance that was to be installed only: then an exit with 0 does not show that
 * it is done. One whose end is awaited has done its work once.
 */
function wasStopped({ name, endAwaited }: DesiredService, { instance, context }: DecisionContext): boolean {
  const { applied, starts } = context.record;
  if (endAwaited || applied?.installed?.includes(instance.name) !== true) return false;
  const last = starts[`${instance.project}/${name}`]?.at(-1) ?? "";
  return last <= applied.appliedAt;
}

function downCause(container: ObservedContainer, { instance, context }: DecisionContext): Cause {
  const { state, service } = container;
  if (state !== "created") return isDown(container);
  const wasBroken = context.record.openServices.includes(`${instance.project}/${service}`);
  return (wasBroken ? because.interrupted : because.desired)("was never started");
}

/** Whether a container that this node made for a service is there no more. */
function hasLost({ name }: DesiredService, { instance, context }: DecisionContext): boolean {
  const { observed, record } = context;
  return Object.entries(record.containers).some(
    ([id, { project, service }]) =>
      project === instance.project && service === name && observed.containers.every((each) => each.id !== id),
  );
}

function stopDecision(kept: readonly ObservedContainer[]): Decision {
  return kept.some(hasProcess) ? { action: "stop", causes: [isToBeInstalled] } : none;
}
