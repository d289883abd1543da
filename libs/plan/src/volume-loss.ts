import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredNode,
  type DesiredVolume,
  projectOf,
  resourceIds,
} from "@keelson/model";

import { type LeftVolumes, findLeftVolumes, splitUser } from "./left-volume.ts";
import { isRenewed } from "./renewal.ts";
import { wantsContainers } from "./service-change.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findVolumeUse, partsOfVolume, volumesHere } from "./volume-use.ts";

/** Where an empty volume would come in the place of a full one, and what waits for a person because of that. */
export interface VolumeLoss {
  /** By resource id, volumes that are not made, and services that are not made anew. */
  blocked: ReadonlyMap<string, BlockedChange>;
  /** Instances of which nothing is made: as they are to be they would leave their data behind. */
  waiting: ReadonlySet<string>;
  /** Engine names of the volumes that would be left behind. */
  guarded: ReadonlySet<string>;
  /** Instances that used those: what they have goes on as it is. */
  staying: ReadonlySet<string>;
}

/** Finds lost volumes (K3032), and those that a revision would leave behind for an empty one (K3033). */
export function findVolumeLoss(node: SimulatedNode): VolumeLoss {
  const { desired, observed, record } = node;
  const here = volumesHere(observed);
  const missing = desired.instances
    .filter((instance) => wantsContainers(instance) && !isRenewed(instance, record))
    .flatMap((instance) => findLost(instance, node).map((volume) => ({ instance, volume })));
  const lost = new Set(missing.map(({ volume }) => volume.name));
  const left = findLeftVolumes(node).filter(
    ({ instance, instead }) =>
      !isRenewed(instance, record) &&
      !("volume" in instead && (here.has(instead.volume.name) || lost.has(instead.volume.name))),
  );
  const waiting = left.filter(({ instance }) => wantsContainers(instance));
  const blocked = [
    ...missing.map(({ instance, volume }) => lostVolume(volume, { instance, desired })),
    ...waiting.map((each) => emptyPlace(each, node)),
  ];
  const users = waiting.flatMap((each) => each.left.flatMap(([, of]) => of.users));
  return {
    blocked: new Map(blocked.map((each) => [each.resource, each])),
    waiting: new Set(waiting.map(({ instance }) => instance.name)),
    guarded: new Set(left.flatMap((each) => each.left.map(([name]) => name))),
    staying: new Set(users.map((user) => splitUser(user).instance)),
  };
}

/** What is gone and has had a user. What never had one holds nothing that anybody could miss. */
function findLost(instance: DesiredInstance, { desired, observed, record }: SimulatedNode): DesiredVolume[] {
  const uses = findVolumeUse(desired);
  return instance.volumes.filter(({ name }) => {
    const known = record.volumes[name];
    if (known === undefined || observed.volumes.some((volume) => volume.name === name)) return false;
    return uses.has(name) || known.users.length > 0;
  });
}

interface LossContext {
  instance: DesiredInstance;
  desired: DesiredNode;
}

function lostVolume({ name }: DesiredVolume, { instance, desired }: LossContext): BlockedChange {
  return {
    resource: resourceIds.volume(name),
    code: "K3032",
    message: `volume ${name} is gone, and this node knows that it had data; no empty one is made in its place`,
    hint: `Find out where it went, and have a copy of its data at hand. To begin with an empty one: ${renewal({ instance, desired })}`,
    outcome: "stalled",
  };
}

/** Gone, and not only new. */
export function isLost({ code }: BlockedChange): boolean {
  return code === "K3032";
}

function emptyPlace(
  { instance, instead, left }: LeftVolumes,
  { desired, observed }: SimulatedNode,
): BlockedChange {
  const context = { instance, desired };
  return "volume" in instead
    ? emptyVolume(instead.volume, { ...context, observed, left })
    : emptyService(instead.service.name, { ...context, left });
}

function emptyVolume(
  volume: DesiredVolume,
  { left, observed, ...context }: LossContext & Pick<LeftVolumes, "left"> & Pick<SimulatedNode, "observed">,
): BlockedChange {
  const names = left.map(([name]) => name);
  const users = [...new Set(left.flatMap(([, of]) => of.users))];
  const data = users.length === 0 ? "" : `, with the data of ${users.join(", ")},`;
  const ways = names.map((name) => wayBack(name, { volume, observed, ...context })).join(", or ");
  return {
    resource: resourceIds.volume(volume.name),
    code: "K3033",
    message: `volume ${volume.name} would be new and empty, while ${names.join(" and ")}${data} ${names.length === 1 ? "is" : "are"} left behind`,
    hint: `To keep the data: ${ways}. To begin with an empty one: ${renewal(context)}`,
    outcome: "stalled",
  };
}

function emptyService(
  service: string,
  { left, ...context }: LossContext & Pick<LeftVolumes, "left">,
): BlockedChange {
  const { project } = context.instance;
  const names = left.map(([name]) => name);
  return {
    resource: resourceIds.service(project, service),
    code: "K3033",
    message: `${project}/${service} would run without ${names.join(" and ")}, which ${names.length === 1 ? "has" : "have"} its data and ${names.length === 1 ? "is" : "are"} left behind`,
    hint: `To keep the data, mount ${keysOf(names)} in ${service} as before. To begin without it: ${renewal(context)}`,
    outcome: "stalled",
  };
}

function keysOf(names: readonly string[]): string {
  return names.map((name) => `\`${partsOfVolume(name).key}\``).join(" and ");
}

/** How a volume that is there can still be the one that is wanted, or its data in it. */
function wayBack(
  name: string,
  {
    volume,
    observed,
    instance,
    desired,
  }: LossContext & Pick<SimulatedNode, "observed"> & { volume: DesiredVolume },
): string {
  const { project, key } = partsOfVolume(name);
  const own = projectOf(desired.environment, "");
  const { elsewhere } = observed.volumes.find((each) => each.name === name) ?? {};
  if (elsewhere !== undefined || !project.startsWith(own)) {
    const other = elsewhere === undefined ? "another environment" : `environment ${elsewhere.environment}`;
    return `${name} is of ${other}, which \`was\` cannot take; if this node is to be of it, correct agent.yaml; else let ${volume.name} be made with \`state: installed\` and the command below, copy the data into it, and set \`state: running\``;
  }
  const isOtherProject = project !== partsOfVolume(volume.name).project;
  return [
    ...(isOtherProject
      ? [`\`was: ${project.slice(own.length)}\` under instances.${instance.name} in environment.yaml`]
      : []),
    ...(key === volume.key ? [] : [`\`was: ${key}\` under data.${volume.key} in package.yaml`]),
  ].join(" and ");
}

function renewal({ instance, desired }: LossContext): string {
  return `keelson renew ${instance.name} --environment ${desired.environment} --node ${desired.node}`;
}
