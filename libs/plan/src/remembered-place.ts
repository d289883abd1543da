import type { KnownVolume, VolumePlace } from "@keelson/model";

import type { SimulatedNode } from "./simulated-node.ts";
import { placesInContainers, placesOfService, placesOfVolume } from "./volume-place.ts";
import { splitUser } from "./volume-use.ts";

/**
 * Where each user of a volume has it, or had it last: by what its containers show, else by what is desired. While a person is
 * waited for, it is as before: what is desired is just what would leave data behind.
 */
export function rememberPlaces(
  volume: string,
  {
    users,
    before,
    isWaiting,
    node,
  }: {
    users: readonly string[];
    before: KnownVolume | undefined;
    isWaiting: boolean;
    node: Pick<SimulatedNode, "desired" | "observed">;
  },
): Pick<KnownVolume, "places"> {
  const known = users.map((user): [string, readonly VolumePlace[]] => {
    const { have, toBe } = findPlaces(volume, { user, node });
    const had = before?.places?.[user] ?? [];
    const [place = []] = [have, isWaiting ? had : toBe, isWaiting ? toBe : had].filter(
      ({ length }) => length > 0,
    );
    // What a service wrote is its own data, also when it only reads it now.
    const hasWritten = had.some(({ readOnly }) => !readOnly);
    return [user, place.map((each) => ({ ...each, readOnly: each.readOnly && !hasWritten }))];
  });
  const told = known.filter(([, { length }]) => length > 0);
  return told.length === 0 ? {} : { places: Object.fromEntries(told) };
}

function findPlaces(
  volume: string,
  { user, node: { desired, observed } }: { user: string; node: Pick<SimulatedNode, "desired" | "observed"> },
): { have: VolumePlace[]; toBe: VolumePlace[] } {
  const parts = splitUser(user);
  const instance = desired.instances.find(({ name }) => name === parts.instance);
  const service = instance?.services.find(({ name }) => name === parts.service);
  const containers = observed.containers.filter(
    (each) => each.ownership === "ours" && each.instance === parts.instance && each.service === parts.service,
  );
  return {
    have: placesInContainers(volume, { containers, service, observed }),
    toBe: service === undefined ? [] : placesOfVolume(placesOfService(service, observed), volume),
  };
}
