import {
  type DesiredNode,
  type DesiredService,
  type KnownVolume,
  type ObservedNode,
  compareText,
  ownOf,
} from "@keelson/model";

import { namesOfHeld } from "./held-instance.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** The services that are to mount each volume, as `<instance>/<service>`, by engine name. */
export function findVolumeUse({
  instances,
}: Pick<DesiredNode, "instances">): Map<string, Pick<KnownVolume, "users" | "package">> {
  const uses = instances.flatMap(({ name, package: of, services }) =>
    services.flatMap((service) =>
      volumesOf(service).map((volume) => ({
        volume,
        user: `${name}/${service.name}`,
        package: of.reference,
      })),
    ),
  );
  return new Map(
    [...Map.groupBy(uses, ({ volume }) => volume)].map(([volume, all]) => [
      volume,
      { users: all.map(({ user }) => user), package: all[0]?.package ?? "" },
    ]),
  );
}

/** Engine names of what a service is to have, also by `volumes_from`. */
function volumesOf({ places }: DesiredService): string[] {
  return [...new Set(places.flatMap(({ volume }) => (volume === "" ? [] : [volume])))];
}

/** The volumes that are there and may be used: none that is another environment's. */
export function volumesHere({ volumes }: ObservedNode): Set<string> {
  return new Set(volumes.filter(({ elsewhere }) => elsewhere === undefined).map(({ name }) => name));
}

/** Whether the engine does not have a volume, not even as another environment's. */
export function isGone(volume: string, { volumes }: ObservedNode): boolean {
  return volumes.every(({ name }) => name !== volume);
}

/** The services whose own containers have a volume. */
export function usersInEngine(volume: string, { containers }: ObservedNode): string[] {
  return containers
    .filter(({ ownership, volumes }) => ownership === "ours" && volumes.includes(volume))
    .map(({ instance, service }) => `${instance}/${service}`);
}

/**
 * The services that may have put data into a volume. What no container has ever run with is empty, unless a person copies
 * data into it while its instance is only installed; and the runs of a schedule leave no container.
 */
export function writersSeen(
  volume: string,
  { desired, observed }: Pick<SimulatedNode, "desired" | "observed">,
): string[] {
  const containers = observed.containers.filter(({ state }) => state !== "created");
  const filled = findVolumeUse({
    instances: desired.instances.map((instance) => ({
      ...instance,
      services: instance.services.filter(
        ({ schedule }) => instance.state === "installed" || schedule !== undefined,
      ),
    })),
  });
  return [...usersInEngine(volume, { ...observed, containers }), ...(filled.get(volume)?.users ?? [])];
}

/**
 * This node's volumes with their users, by engine name: those that the record knows, and those that it has yet to learn of,
 * because it is lost or an earlier version kept it.
 */
export function findKnownVolumes({ desired, observed, record }: SimulatedNode): [string, KnownVolume][] {
  const own = observed.volumes.filter(({ ownership }) => ownership === "ours").map(({ name }) => name);
  const names = [...new Set([...Object.keys(record.volumes), ...own])].sort(compareText);
  return names.map((name) => {
    const known = ownOf(record.volumes, name);
    const now = usersInEngine(name, observed);
    const writers = writersSeen(name, { desired, observed }).filter((user) => now.includes(user));
    return [
      name,
      {
        users: [...new Set([...(known?.users ?? []), ...writers])].sort(compareText),
        package: known?.package ?? "",
        state: now.length > 0 ? "used" : (known?.state ?? "unused"),
        ...(known?.places === undefined ? {} : { places: known.places }),
      },
    ];
  });
}

/** Whether a volume is only used by these instances. */
export function isUsedBy(instances: ReadonlySet<string>, { users }: Pick<KnownVolume, "users">): boolean {
  return users.length > 0 && users.every((user) => instances.has(splitUser(user).instance));
}

/** The volumes that are lost, and that nothing is to have any more. What instances use that are held, they still are to have. */
export function findUnnamedLosses({ desired, observed, record }: SimulatedNode): [string, KnownVolume][] {
  const declared = findVolumeUse(desired);
  const held = namesOfHeld(desired);
  return findKnownVolumes({ desired, observed, record }).filter(
    ([name, volume]) =>
      isGone(name, observed) &&
      !declared.has(name) &&
      !isUsedBy(held, volume) &&
      (volume.state === "lost" || volume.state === "used"),
  );
}

/** The parts of a volume's engine name, `<project>_<volume>`: no project has an underscore. */
export function partsOfVolume(name: string): { project: string; key: string } {
  const at = name.indexOf("_");
  return { project: name.slice(0, at), key: name.slice(at + 1) };
}

/** The parts of a user, `<instance>/<service>`. */
export function splitUser(user: string): { instance: string; service: string } {
  const at = user.indexOf("/");
  return { instance: user.slice(0, at), service: user.slice(at + 1) };
}
