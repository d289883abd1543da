import type { VolumeInspectInfo } from "dockerode";

import { mapOf, textOf } from "./json-reader.ts";

/** From the form of the Compose specification (`volumes`) to that of the engine's API (`POST /volumes/create`). */
export function engineVolume(definition: Record<string, unknown>) {
  return {
    Driver: textOf(definition["driver"]) || "local",
    DriverOpts: mapOf(definition["driver_opts"]),
  };
}

/**
 * How a volume differs from the definition that its labels claim; empty when it does not. With `o: bind` and `device` the
 * engine's own driver gives out any folder of the host. The time of creation is no evidence: engine 20.10 gives the last
 * change of the volume's folder instead.
 */
export function findVolumeFlaw(found: VolumeInspectInfo, definition: Record<string, unknown>): string {
  const wanted = engineVolume(definition);
  const have = mapOf(found.Options);
  // The engine writes the tag of a plugin that has none.
  if (![wanted.Driver, `${wanted.Driver}:latest`].includes(found.Driver))
    return `its driver is ${found.Driver}`;
  const names = [...new Set([...Object.keys(wanted.DriverOpts), ...Object.keys(have)])].sort();
  const different = names.filter((name) => have[name] !== wanted.DriverOpts[name]);
  if (different.length === 0) return "";
  return `its options differ: ${different.map((name) => `${name}=${have[name] ?? ""}`).join(", ")}`;
}
