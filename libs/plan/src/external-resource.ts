import {
  type BlockedChange,
  type DesiredNode,
  type ObservedNode,
  externalNetworksOf,
  resourceIds,
} from "@keelson/model";

import { wantsContainers } from "./service-change.ts";

/** By resource id: networks and volumes that services use, that somebody else makes, and that are not there. */
export function findMissingExternals(
  desired: DesiredNode,
  observed: ObservedNode,
): Map<string, BlockedChange> {
  const services = desired.instances.filter(wantsContainers).flatMap((instance) => instance.services);
  const joined = new Set(services.flatMap(({ networks }) => networks));
  const volumes = new Set(services.flatMap(({ externalVolumes = [] }) => externalVolumes));
  const found = [
    ...externalNetworksOf(desired)
      .filter((name) => joined.has(name))
      .filter((name) => observed.networks.every((each) => each.name !== name))
      .map((name) => missingNetwork(name)),
    ...[...volumes]
      .filter((name) => observed.volumes.every((each) => each.name !== name))
      .map((name) => missingVolume(name)),
  ];
  return new Map(found.map((blocked) => [blocked.resource, blocked]));
}

/** What is not there, so that the engine cannot start what needs it, or would make an empty volume for it. */
export function isAbsent({ code }: BlockedChange): boolean {
  return code === "K3081" || code === "K3082";
}

function missingNetwork(name: string): BlockedChange {
  return {
    resource: resourceIds.network(name),
    code: "K3081",
    message: `network ${name} is not there; it is somebody else's, so nothing is made in its place`,
    hint: `Make it: docker network create ${name}; or let the environment make it, with networks: { ${JSON.stringify(name)}: {} } in environment.yaml.`,
  };
}

function missingVolume(name: string): BlockedChange {
  return {
    resource: resourceIds.volume(name),
    code: "K3082",
    message: `volume ${name} is not there; it is somebody else's, so no empty one is made in its place`,
    hint: `Find out where it went, and bring its data back. To begin with an empty one, make it: docker volume create ${name}`,
  };
}

/** Whether a network is there and this node has not made it: containers are connected to it by its id. */
export function findForeignNetwork(
  name: string,
  { desired, observed }: { desired: Pick<DesiredNode, "instances" | "networks">; observed: ObservedNode },
): string | undefined {
  const isMade = desired.instances.some(({ networks }) => networks.some((each) => each.name === name));
  const ofEnvironment = desired.networks.find((each) => each.name === name);
  if (isMade || (ofEnvironment !== undefined && ofEnvironment.mayBeForeign !== true)) return undefined;
  return observed.networks.find((each) => each.name === name && each.ownership === "foreign")?.id;
}
