import { type Json, isJsonObject, isOff } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";
import { textOf } from "./kernel.ts";
import { hostPathWords } from "./path.ts";
import { pluginOf } from "./plugin.ts";
import { readVolumeOptions } from "./volume-options.ts";

/** K1410: volumes of others, and what the local driver mounts from elsewhere. */
export const volumeReaches: readonly HostReach[] = [
  {
    at: "volumes.*",
    code: "K1410",
    message: ({ value }) => `the volume ${value} belongs to someone else`,
    asks: ({ value, path }) => {
      const name = externalName(value, path.at(-1) ?? "");
      return name === null ? [] : [{ kind: "volumes", value: name }];
    },
  },
  {
    at: "volumes.*.driver",
    code: "K1410",
    message: ({ value }) => `the volume driver ${value} is a plugin, which mounts what it likes`,
    asks: ({ value }) =>
      isLocalDriver(value) ? [] : [{ kind: "volumeDrivers", value: pluginOf(textOf(value)) }],
  },
  {
    at: "volumes.*.driver_opts",
    code: "K1410",
    message: (asked) =>
      `the volume's driver_opts mount ${asked.kind === "mounts" ? asked.value : hostPathWords(asked)}`,
    asks: ({ value, parents }) =>
      isLocalDriver(driverOf(parents.at(-1) ?? null)) ? (readVolumeOptions(value).asks ?? []) : [],
  },
];

/** The `driver` of an entry of `volumes`. */
export function driverOf(definition: Json): Json {
  return isJsonObject(definition) ? (definition["driver"] ?? null) : null;
}

/** Whether the engine itself makes a volume, and not one of its plugins. */
export function isLocalDriver(driver: Json): boolean {
  return isOff(driver) || driver === "local";
}

/** The engine's name of what somebody else has made; null for what is the instance's own. */
export function externalName(value: Json, key: string): string | null {
  const external = isJsonObject(value) ? (value["external"] ?? null) : null;
  if (!isJsonObject(value) || isOff(external)) return null;
  const name = value["name"] ?? (isJsonObject(external) ? external["name"] : null) ?? key;
  return typeof name === "string" ? name : key;
}
