import { cleanPath } from "@keelson/model";

import type { ComparedContainer } from "./compared.ts";
import { bindFact, memoryOptions } from "./spelling.ts";
import { type Facts, listOf, note, recordOf, textEntries, textOf, textsOf } from "./fact.ts";

/** What is mounted where, as the engine says it. A volume with a name of 64 hex digits is anonymous. */
export function observedMounts(facts: Facts, { inspected, serviceOf, placeOf }: ComparedContainer): void {
  const { Mounts: mounts, HostConfig: host } = recordOf(inspected);
  const { Mounts: asked, Binds: binds, Tmpfs: memory, VolumesFrom: from } = recordOf(host);
  const given = new Map(
    listOf(asked)
      .map(recordOf)
      .map((mount) => [cleanPath(textOf(mount["Target"])), mount]),
  );
  const others = textsOf(from).map((each) => {
    const [id = ""] = each.split(":");
    return serviceOf(id) ?? id;
  });
  const own = new Set([
    ...given.keys(),
    ...textsOf(binds).map((bind) => cleanPath(bind.split(":")[1] ?? "")),
  ]);
  note(facts, "volumes_from", others);
  for (const [path, options] of textEntries(memory)) facts.set(`tmpfs.${cleanPath(path)}`, options);
  for (const mount of listOf(mounts).map(recordOf)) {
    const {
      Type: type,
      Source: source,
      Name: name,
      RW: isWritable,
      Propagation: propagation,
      Mode: mode,
    } = mount;
    const path = cleanPath(textOf(mount["Destination"]));
    // Another container gave it that, and is compared itself.
    if (others.length > 0 && !own.has(path)) continue;
    const writing = isWritable === true ? "rw" : "ro";
    if (type === "bind") {
      const selinux = textOf(mode)
        .split(",")
        .find((each) => each.toLowerCase() === "z");
      const recursive = recursionOf(given.get(path)?.["BindOptions"]);
      const place = placeOf(textOf(source));
      facts.set(
        `volumes.${path}`,
        bindFact({ place, writing, propagation: textOf(propagation), selinux, recursive }),
      );
    } else if (type === "tmpfs") {
      const { SizeBytes: size, Mode: mode } = recordOf(given.get(path)?.["TmpfsOptions"]);
      if (given.has(path))
        facts.set(`tmpfs.${path}`, memoryOptions({ size: textOf(size), mode: textOf(mode) }));
    } else if (type === "volume") {
      const subpath = textOf(recordOf(given.get(path)?.["VolumeOptions"])["Subpath"]);
      const isAnonymous = /^[0-9a-f]{64}$/.test(textOf(name));
      const shown = `volume ${textOf(name)} ${writing}${subpath === "" ? "" : ` ${subpath}`}`;
      facts.set(`volumes.${path}`, isAnonymous ? "anonymous" : shown);
    } else facts.set(`volumes.${path}`, textOf(type));
  }
}

/** Whether what is mounted below a path comes with it, in Compose's words; engines from 25 on. */
function recursionOf(options: unknown): string {
  const { NonRecursive: without, ReadOnlyForceRecursive: all, ReadOnlyNonRecursive: top } = recordOf(options);
  if (without === true) return "disabled";
  if (all === true) return "readonly";
  return top === true ? "writable" : "";
}
