import { type ComposeMount, type ComposeService, canonicalText, cleanPath, ownOf } from "@keelson/model";

import type { ComparedService } from "./compared.ts";
import { bindFact, memoryOptions } from "./spelling.ts";
import { type Facts, note, recordOf, textOf, textsOf } from "./fact.ts";

/**
 * What is mounted where, by path: binds, volumes, memory, and the anonymous volumes that the image asks for. Files of configs and
 * secrets are bound by Compose; what it copies into a container nobody can see from outside.
 */
export function desiredMounts(
  facts: Facts,
  { service, image, configs, secrets, ...names }: ComparedService,
): void {
  const mounts = service.volumes ?? [];
  for (const mount of mounts) noteMount(facts, mount, names);
  for (const [path, options] of memoryOf(service)) facts.set(`tmpfs.${path}`, options);
  noteFiles(facts, { kind: "configs", uses: service.configs ?? [], known: configs, folder: "/", ...names });
  noteFiles(facts, {
    kind: "secrets",
    uses: service.secrets ?? [],
    known: secrets,
    folder: "/run/secrets/",
    ...names,
  });
  // Compose drops the mode.
  note(
    facts,
    "volumes_from",
    (service.volumes_from ?? []).map((each) => each.replace(/:r[ow]$/, "")),
  );
  const inherited = (service.volumes_from ?? []).length > 0;
  for (const path of Object.keys(recordOf(recordOf(image)["Volumes"]))) {
    const at = cleanPath(path);
    // What another service gives it there is not known here.
    if (!facts.has(`volumes.${at}`) && !facts.has(`tmpfs.${at}`) && !inherited)
      facts.set(`volumes.${at}`, "anonymous");
  }
}

type Names = Pick<ComparedService, "volumeName" | "placeOf">;

function noteMount(facts: Facts, mount: ComposeMount, { volumeName, placeOf }: Names): void {
  const { type, source = "", target, read_only: readOnly = false } = mount;
  const at = `volumes.${cleanPath(target)}`;
  const writing = readOnly ? "ro" : "rw";
  if (type === "tmpfs") {
    const { size, mode } = recordOf(mount["tmpfs"]);
    facts.set(`tmpfs.${cleanPath(target)}`, memoryOptions({ size: textOf(size), mode: textOf(mode) }));
  } else if (type === "bind") {
    const propagation = textOf(mount.bind?.["propagation"]) || "rprivate";
    const { selinux, recursive } = recordOf(mount.bind);
    facts.set(at, bindFact({ place: placeOf(source), writing, propagation, selinux, recursive }));
  } else if (type === "volume" && source === "") {
    facts.set(at, "anonymous");
  } else if (type === "volume") {
    const subpath = textOf(recordOf(mount["volume"])["subpath"]);
    facts.set(at, `volume ${volumeName(source)} ${writing}${subpath === "" ? "" : ` ${subpath}`}`);
    // What it is nobody has taught: no container has that.
  } else facts.set(at, canonicalText(mount));
}

function noteFiles(
  facts: Facts,
  {
    kind,
    uses,
    known,
    folder,
    placeOf,
  }: Names & {
    kind: string;
    uses: readonly { source: string; target?: string }[];
    known: ComparedService["configs"];
    folder: string;
  },
): void {
  for (const { source, target = source } of uses) {
    const file = ownOf(known, source)?.["file"];
    const at = cleanPath(target.startsWith("/") ? target : `${folder}${target}`);
    if (typeof file === "string")
      facts.set(`volumes.${at}`, bindFact({ place: placeOf(file), writing: "ro" }));
    else facts.set(`${kind}.${source}`, "copied");
  }
}

/** `PATH` or `PATH:OPTIONS`. */
function memoryOf({ tmpfs }: ComposeService): [string, string][] {
  return textsOf(typeof tmpfs === "string" ? [tmpfs] : tmpfs).map((text) => {
    const [path = "", options = ""] = text.split(":");
    return [cleanPath(path), options];
  });
}
