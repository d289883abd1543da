import { type MountPlace, compareText } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import { listOf, recordOf, textOf } from "./json-reader.ts";

/** The engine names an anonymous volume with 64 hex digits. */
export function isAnonymous(volume: string): boolean {
  return /^[0-9a-f]{64}$/.test(volume);
}

/** What a container sees at which path. Memory is listed among the mounts or beside them: by the way in which it was asked for. */
export function placesOf(info: Pick<ContainerInspectInfo, "Mounts" | "HostConfig">): MountPlace[] {
  const config = recordOf(info.HostConfig);
  const mounts = listOf(info.Mounts).map((mount) => describePlace(recordOf(mount), config));
  const memory = Object.keys(recordOf(config["Tmpfs"]))
    .filter((path) => mounts.every((each) => each.path !== path))
    .map((path): MountPlace => ({ path, kind: "memory", volume: "", subpath: "", readOnly: false }));
  return [...mounts, ...memory].sort((a, b) => compareText(a.path, b.path));
}

function describePlace(mount: Record<string, unknown>, config: Record<string, unknown>): MountPlace {
  const path = textOf(mount["Destination"]);
  const volume = mount["Type"] === "volume" ? textOf(mount["Name"]) : "";
  const asked = listOf(config["Mounts"])
    .map(recordOf)
    .find(({ Target: target }) => target === path);
  const subpath = textOf(recordOf(asked?.["VolumeOptions"])["Subpath"]);
  return {
    path,
    kind: kindOf(mount["Type"], volume),
    volume,
    subpath,
    readOnly: mount["RW"] !== true,
    ...(mount["Type"] === "bind" ? { source: textOf(mount["Source"]) } : {}),
  };
}

function kindOf(type: unknown, volume: string): MountPlace["kind"] {
  if (type === "volume") return isAnonymous(volume) ? "anonymous" : "volume";
  return type === "tmpfs" ? "memory" : "bind";
}
