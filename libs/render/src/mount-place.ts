import {
  type ComposeModel,
  type ComposeMount,
  type ComposeService,
  type MountPlace,
  cleanPath,
  compareText,
  dataToken,
  ownOf,
} from "@keelson/model";

interface PlaceContext {
  model: ComposeModel;
  /** Volumes by key. */
  volumes: ReadonlyMap<string, { name: string }>;
}

/** What the containers of a service see at which path, as far as the Compose file says it; volumes by their engine names. */
export function buildPlaces(service: ComposeService, context: PlaceContext): MountPlace[] {
  const memory = memoryPaths(service).map((path) => placeOf("memory", { path }));
  const mounted = (service.volumes ?? []).map((mount) => describePlace(mount, context.volumes));
  const own = [...mounted, ...memory];
  const taken = new Set(own.map(({ path }) => path));
  const inherited = inheritedPlaces(service, context).filter(({ path }) => !taken.has(path));
  return [...own, ...inherited].sort((a, b) => compareText(a.path, b.path));
}

/** By `volumes_from`: all mounts of another service but its memory. Compose refuses circles of them. */
function inheritedPlaces(
  { volumes_from: entries = [] }: ComposeService,
  context: PlaceContext,
): MountPlace[] {
  return entries.flatMap((entry) => {
    const [name = "", mode] = entry.split(":");
    const other = ownOf(context.model.services, name);
    if (other === undefined) return [];
    return buildPlaces(other, context)
      .filter(({ kind }) => kind !== "memory")
      .map((place) => (mode === "ro" ? { ...place, readOnly: true } : place));
  });
}

function describePlace(
  { type, source = "", target, read_only: readOnly = false, volume: options }: ComposeMount,
  named: ReadonlyMap<string, { name: string }>,
): MountPlace {
  if (type === "tmpfs") return placeOf("memory", { path: target, readOnly });
  if (type !== "volume") {
    const isData = source === dataToken || source.startsWith(`${dataToken}/`);
    return placeOf("bind", { path: target, readOnly, ...(isData ? { source } : {}) });
  }
  if (source === "") return placeOf("anonymous", { path: target, readOnly });
  const volume = named.get(source)?.name ?? source;
  const subpath = cleanPath(subpathOf(options)).slice(1);
  return placeOf("volume", { path: target, readOnly, volume, subpath });
}

/** `PATH` or `PATH:OPTIONS`, one or a list of them. */
export function memoryPaths({ tmpfs }: ComposeService): string[] {
  const texts: unknown[] = Array.isArray(tmpfs) ? tmpfs : [tmpfs];
  return texts.flatMap((text) => (typeof text === "string" ? [text.split(":")[0] ?? ""] : []));
}

function placeOf(kind: MountPlace["kind"], { path, ...rest }: Partial<MountPlace>): MountPlace {
  return { path: cleanPath(path ?? ""), kind, volume: "", subpath: "", readOnly: false, ...rest };
}

function subpathOf(options: unknown): string {
  const isTold = typeof options === "object" && options !== null && "subpath" in options;
  return isTold && typeof options.subpath === "string" ? options.subpath : "";
}
