import { type Json, isJsonObject, isOff } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";
import { hostPathWords } from "./path.ts";
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
    at: "volumes.*.driver_opts",
    code: "K1410",
    message: (asked) =>
      `the volume's driver_opts mount ${asked.kind === "mounts" ? asked.value : hostPathWords(asked)}`,
    asks: ({ value }) => readVolumeOptions(value).asks ?? [],
  },
];

/** The engine's name of what somebody else has made; null for what is the instance's own. */
export function externalName(value: Json, key: string): string | null {
  const external = isJsonObject(value) ? (value["external"] ?? null) : null;
  if (!isJsonObject(value) || isOff(external)) return null;
  const name = value["name"] ?? (isJsonObject(external) ? external["name"] : null) ?? key;
  return typeof name === "string" ? name : key;
}
