import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredNode,
  type DesiredVolume,
  type KnownVolume,
  type ObservedVolume,
  projectOf,
  resourceIds,
} from "@keelson/model";

import { isFolder, keyOf } from "./folder-data.ts";
import type { HowLeft, LeftData } from "./left-service.ts";
import type { LeftVolumes } from "./left-volume.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { partsOfVolume } from "./volume-use.ts";

export interface LossContext {
  instance: DesiredInstance;
  desired: DesiredNode;
}

/** K3032 */
export function lostVolume({ name }: DesiredVolume, { instance, desired }: LossContext): BlockedChange {
  return {
    resource: resourceIds.volume(name),
    code: "K3032",
    message: `volume ${name} is gone, and this node knows that it had data; no empty one is made in its place`,
    hint: `Find out where it went, and have a copy of its data at hand. To begin with an empty one: ${renewal({ instance, desired })}`,
    outcome: "stalled",
  };
}

/** K3033 */
export function emptyPlace(left: LeftVolumes, { desired, observed, record }: SimulatedNode): BlockedChange {
  const context = { instance: left.instance, desired };
  return "volume" in left
    ? emptyVolume(left.volume, { ...context, observed, record, left: left.left })
    : emptyService(left.service.name, { ...context, left: left.left });
}

function emptyVolume(
  volume: DesiredVolume,
  {
    left,
    observed,
    record,
    ...context
  }: LossContext & { left: readonly [string, KnownVolume][] } & Pick<SimulatedNode, "observed" | "record">,
): BlockedChange {
  const names = left.map(([name]) => name);
  const users = [...new Set(left.flatMap(([, of]) => of.users))];
  const data = users.length === 0 ? "" : `, with the data of ${users.join(", ")},`;
  const ways = names.map((name) => wayBack(name, { volume, observed, record, ...context })).join(", or ");
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
  { left, ...context }: LossContext & { left: readonly LeftData[] },
): BlockedChange {
  const { project } = context.instance;
  const ways = [...Map.groupBy(left, ({ how }) => how)].map(([how, all]) => describeLeft[how](service, all));
  return {
    resource: resourceIds.service(project, service),
    code: "K3033",
    message: `${project}/${service} ${ways.map(({ message }) => message).join("; it ")}`,
    hint: `${ways.map(({ hint }) => hint).join(" ")} To go on as the commit says: ${renewal(context)}`,
    outcome: "stalled",
  };
}

type Description = (service: string, left: readonly LeftData[]) => { message: string; hint: string };

const describeLeft: Record<HowLeft, Description> = {
  dropped: (service, left) => ({
    message: `would run without ${namesOf(left)}, which ${hasOf(left)} its data`,
    hint: `To keep the data, mount ${keysOf(left)} in ${service} as before.`,
  }),
  gone: (_, left) => ({
    message: `would run without ${namesOf(left)}, which had its data and ${isOf(left)} gone`,
    hint: "Find out where it went, and have a copy of its data at hand.",
  }),
  renamed: (service, left) => ({
    message: `is new, while ${namesOf(left)} ${hasOf(left)} the data of ${usersOf(left)}`,
    hint: `If it is the same under another name, mount ${keysOf(left)} in ${service}; if not, let it come in a later commit.`,
  }),
  moved: (service, left) => ({
    message: `would not find the data of ${namesOf(left)} at ${pathsOf(left)} any more`,
    hint: `To keep the data where it was, mount ${keysOf(left)} in ${service} as before. Where the program looks for it at the new path, permit that with the command below: no data is touched.`,
  }),
  covered: (service, left) => ({
    message: `would have something empty at ${pathsOf(left)}, over what ${namesOf(left)} ${hasOf(left)} there`,
    hint: `To keep the data, leave out of ${service} what is to lie there.`,
  }),
  replaced: (service, left) => ({
    message: `would have something else at ${pathsOf(left)}, and leave behind what it has there: anonymous volume${left.length === 1 ? "" : "s"} ${namesOf(left)}`,
    hint: `To keep the data, leave the mounts of ${service} as they were; or set \`state: installed\` with the command below, copy the data, and set \`state: running\`.`,
  }),
};

function namesOf(left: readonly LeftData[]): string {
  return left.map(({ name }) => name).join(" and ");
}

function usersOf(left: readonly LeftData[]): string {
  return [...new Set(left.flatMap(({ users }) => users))].join(", ");
}

function pathsOf(left: readonly LeftData[]): string {
  return [...new Set(left.flatMap(({ paths }) => paths))].join(" and ");
}

function hasOf({ length }: readonly LeftData[]): string {
  return length === 1 ? "has" : "have";
}

function isOf({ length }: readonly LeftData[]): string {
  return length === 1 ? "is" : "are";
}

function keysOf(left: readonly LeftData[]): string {
  return left.map(({ key }) => `\`${key}\``).join(" and ");
}

/** How a volume that is there can still be the one that is wanted, or its data in it. */
function wayBack(
  name: string,
  {
    volume,
    observed,
    record,
    instance,
    desired,
  }: LossContext & Pick<SimulatedNode, "observed" | "record"> & { volume: DesiredVolume },
): string {
  const { project, key } = partsOfVolume(name);
  const own = projectOf(desired.environment, "");
  const found = observed.volumes.find((each) => each.name === name);
  const { elsewhere, ownership } = found ?? {};
  if (isFolder(name)) return `mount \`${keyOf(name, record)}\` as before`;
  const byName = found === undefined ? null : wayByName(found, volume);
  if (byName !== null) return byName;
  const isByName = project.startsWith(own);
  if (elsewhere !== undefined || !(isByName || ownership === "ours")) {
    const other = elsewhere === undefined ? "another environment" : `environment ${elsewhere.environment}`;
    return `${name} is of ${other}, which \`was\` cannot take; if this node is to be of it, correct agent.yaml; else let ${volume.name} be made with \`state: installed\` and the command below, copy the data into it, and set \`state: running\``;
  }
  const ownProject = partsOfVolume(volume.name).project;
  const isOtherProject = project !== ownProject;
  // `was` would take over all volumes of the other instance, and leave behind those that this one has.
  if (isOtherProject && observed.volumes.some((each) => partsOfVolume(each.name).project === ownProject))
    return `leave what uses ${name} where it is; or let ${volume.name} be made with \`state: installed\` and the command below, copy the data into it, and set \`state: running\``;
  return [
    ...(isOtherProject
      ? [
          `\`${isByName ? `was: ${project.slice(own.length)}` : `project: ${project}`}\` under instances.${instance.name} in environment.yaml`,
        ]
      : []),
    ...(key === volume.key ? [] : [`\`was: ${key}\` under data.${volume.key} in package.yaml`]),
  ].join(" and ");
}

/** Of a volume whose name says nothing of its project: the Compose file can name it. Null for any other. */
function wayByName(
  { name, project, ownership, elsewhere }: ObservedVolume,
  { key }: DesiredVolume,
): string | null {
  const isOurs = ownership === "ours";
  if (elsewhere !== undefined || !(isOurs || ownership === "foreign")) return null;
  if (isOurs && name.startsWith(`${project}_`)) return null;
  return `${isOurs ? "" : "`external: true` and "}\`name: ${name}\` under volumes.${key} in the Compose file`;
}

/** What a person does to let an instance begin without its data. */
export function renewal({ instance, desired }: LossContext): string {
  return `keelson renew ${instance.name} --environment ${desired.environment} --node ${desired.node}`;
}
