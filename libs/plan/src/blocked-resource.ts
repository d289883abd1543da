import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredNetwork,
  type DesiredNode,
  type DesiredVolume,
  type ObservedNode,
  type ObservedVolume,
  resourceIds,
} from "@keelson/model";

import semver from "semver";

import { adoptionHint } from "./adoption-hint.ts";
import { findStored } from "./mount-change.ts";
import { wantsContainers } from "./service-change.ts";

/**
 * By resource id: networks and volumes under our names that are not ours, or that hold data of another definition, and
 * what could not be seen of an instance's files.
 */
export function findBlockedResources(
  { instances, networks }: Pick<DesiredNode, "instances" | "networks">,
  observed: ObservedNode,
): Map<string, BlockedChange> {
  const ofInstances = instances.flatMap((instance) => [
    ...unseenFiles(instance, observed),
    ...(wantsContainers(instance)
      ? [
          ...instance.networks.flatMap((network) => foreignNetwork(network, { observed, instance })),
          ...instance.volumes.flatMap((volume) => unusableVolume(volume, { observed, instance })),
        ]
      : []),
  ]);
  const found = [
    ...ofInstances,
    ...networks.flatMap((network) => foreignNetwork(network, { observed, instance: null })),
  ];
  return new Map(found.map((blocked) => [blocked.resource, blocked]));
}

function unseenFiles(instance: DesiredInstance, observed: ObservedNode): BlockedChange[] {
  const fault = findStored(observed, instance)?.fault ?? null;
  if (fault === null) return [];
  const { code, message, hint } = fault;
  return [{ resource: resourceIds.files(instance.project, ""), code, message, hint }];
}

/** Something that carries our labels and is not what they say. */
export function isImpostor({ code }: BlockedChange): boolean {
  return code === "K3026" || code === "K3027";
}

/** The engine permits several networks of one name; one that is not ours is enough to make the name ambiguous. */
function foreignNetwork(
  { name, mayBeForeign }: DesiredNetwork,
  { observed, instance }: { observed: ObservedNode; instance: DesiredInstance | null },
): BlockedChange[] {
  const found = observed.networks.find((each) => each.name === name && each.ownership !== "ours");
  if (found === undefined || (mayBeForeign === true && found.ownership === "foreign")) return [];
  const resource = resourceIds.network(name);
  const removal = `docker network rm ${found.id.slice(0, 12)}`;
  if (found.ownership === "unproven") {
    return [
      {
        resource,
        code: "K3025",
        message: `the record of this node was lost, and nothing that is left shows that it made network ${name}`,
        hint: `It has labels of this node's key, so it may well be its own. If an agent of this node publishes a status, name its configuration: --config FILE. If no status names it, remove it, and it is made anew: ${removal}`,
      },
    ];
  }
  if (found.flaw !== "") {
    return [
      {
        resource,
        code: "K3026",
        message: `network ${name} carries the labels of this node's, but it is another one: ${found.flaw}`,
        hint: `Find out who made it, and remove it; this node makes its own anew: ${removal}`,
      },
    ];
  }
  if (found.elsewhere !== undefined) {
    return [
      {
        resource,
        code: "K3007",
        message: `network ${name} is of environment ${found.elsewhere.environment}, which is on this node, too`,
        hint: `Give the network another name in one of the two; or let this one only join it: take it away from what makes it here, and permit networks: [${JSON.stringify(name)}].`,
      },
    ];
  }
  return [
    {
      resource,
      code: "K3007",
      message: `a network named ${name} exists that this node did not make`,
      hint: `${instance === null ? "" : adoptionHint(found, instance)}If nobody needs it, remove it: docker network rm ${name}`,
    },
  ];
}

function unusableVolume(
  volume: DesiredVolume,
  { observed, instance }: { observed: ObservedNode; instance: DesiredInstance },
): BlockedChange[] {
  const { name } = volume;
  const existing = observed.volumes.find((each) => each.name === name);
  if (existing === undefined) return [];
  const resource = resourceIds.volume(name);
  if (existing.elsewhere !== undefined) {
    const { environment, instance } = existing.elsewhere;
    return [
      {
        resource,
        code: "K1437",
        message: `volume ${name} is of environment ${environment}, instance ${instance}, and no other environment may take it`,
        hint: "Correct or remove `was`, or give the instance another name. To have that data here, too, copy it into a volume of this environment.",
        outcome: "stalled",
      },
    ];
  }
  if (existing.flaw !== "") {
    return [
      {
        resource,
        code: "K3027",
        message: `volume ${name} carries the labels of this node's, but it is another one: ${existing.flaw}`,
        hint: `Find out who made it, and remove it: docker volume rm ${name}. This node then misses its own (K3032), and makes it anew when you say so.`,
      },
    ];
  }
  if (existing.ownership !== "ours") {
    return [
      {
        resource,
        code: "K3007",
        message: `a volume named ${name} exists that this node did not make; its data is left alone`,
        hint: `${adoptionHint(existing, instance)}To use it as it is, let the Compose file say external: true and name: ${name}, and permit volumes: [${JSON.stringify(name)}]. If the data is not needed, remove it: docker volume rm ${name}`,
      },
    ];
  }
  const unread = unreadData(volume, existing);
  if (unread !== null) return [unread];
  if (existing.digest === volume.digest) return [];
  return [
    {
      resource,
      code: "K3012",
      message: `the definition of volume ${name} changed; Keelson does not make a volume anew, its data would be lost`,
      hint: "Keep the old definition, or give the volume a new name and move the data.",
    },
  ];
}

/** A version that cannot read what a volume holds must not get at it: at best it fails, at worst it writes. */
function unreadData({ name, reads }: DesiredVolume, { format }: ObservedVolume): BlockedChange | null {
  if (reads === null || format === null || semver.satisfies(`${format}.0.0`, reads)) return null;
  return {
    resource: resourceIds.volume(name),
    code: "K3031",
    message: `volume ${name} holds data of format ${format}, and this version reads ${reads}`,
    hint: "Lock a version that reads the format, and move the data before this one.",
  };
}
