import {
  type DependencyCondition,
  type DesiredFolder,
  type DesiredMount,
  type DesiredService,
  type LockedImage,
  type MountPlace,
  dataToken,
  digestBytes,
  digestValue,
} from "@keelson/model";

/** Test data: a service, of which a test says only what it is about. */
export interface ServiceSketch {
  image?: string;
  /** What the image is locked to, by any word: other words are other bytes. */
  locked?: string;
  /** Its `container_name`. */
  named?: string;
  replicas?: number;
  /** A job whose end is awaited, or one of which nobody waits for the end. */
  oneShot?: boolean;
  job?: boolean;
  /** A job with a schedule, for which rounds make no container. */
  scheduled?: boolean;
  healthcheck?: boolean;
  /** `db` is `service_started`; `db:healthy`, `db:completed`; a `!` at the end asks for restarts with it. */
  dependsOn?: string[];
  sharesWith?: string[];
  joins?: string[];
  /** Keys of the instance's networks; or whole names of another's (with a `_`), and after a `/` of nobody's. */
  networks?: string[];
  /** Keys; one is mounted at `/<key>` unless told: `data:/db`, `data:/db#folder`, `data:/db:ro`. */
  volumes?: string[];
  /** Services all of whose volumes it has, too. */
  volumesFrom?: string[];
  /** Names of volumes that somebody else keeps; each is mounted at `/<name>`. */
  externalVolumes?: string[];
  /** Paths of anonymous volumes, of memory and of binds. */
  anonymous?: string[];
  memory?: string[];
  binds?: string[];
  ports?: number[];
  /** Anything else that a container is made of. */
  environment?: string;
}

export function serviceOf(
  name: string,
  context: {
    sketch: ServiceSketch;
    services: Record<string, ServiceSketch>;
    project: string;
    /** Project of the volumes. */
    owner: string;
    mounts: readonly DesiredMount[];
    /** With the paths at which they are seen. */
    folders: readonly (DesiredFolder & { at: string })[];
    networks: Record<string, string>;
  },
): DesiredService {
  const { sketch, project, owner } = context;
  const networks = sketch.sharesWith === undefined ? (sketch.networks ?? Object.keys(context.networks)) : [];
  const fullName = (key: string) => {
    if (key.startsWith("/")) return key.slice(1);
    return key.includes("_") ? key : `${project}_${key}`;
  };
  const image = sketch.image ?? `${name}:1.0`;
  const parts: Record<string, string> = { image };
  if (sketch.environment !== undefined) parts["environment"] = digestBytes(sketch.environment);
  if (sketch.named !== undefined) parts["container_name"] = digestBytes(sketch.named);
  if (networks.length > 0) {
    parts["networks"] = digestValue(networks.map(fullName));
  }
  const shared = (sketch.volumesFrom ?? []).flatMap((other) =>
    placesOf(context.services[other] ?? {}, owner),
  );
  const own = placesOf(sketch, owner);
  const external = (sketch.externalVolumes ?? []).map((volume): MountPlace => ({
    path: `/${volume}`,
    kind: "volume",
    volume,
    subpath: "",
    readOnly: false,
  }));
  const data = context.folders.flatMap(({ source, at, services, writers }): MountPlace[] =>
    services.includes(name)
      ? [
          {
            path: at,
            kind: "bind",
            volume: "",
            subpath: "",
            readOnly: !writers.includes(name),
            source: `${dataToken}/${source}`,
          },
        ]
      : [],
  );
  const places = [...own, ...shared, ...external, ...data];
  if (
    JSON.stringify([
      sketch.volumes,
      sketch.anonymous,
      sketch.memory,
      sketch.binds,
      shared,
      external,
    ]).includes("/")
  )
    parts["volumes"] = digestValue(places);
  if (sketch.ports !== undefined) parts["ports"] = digestValue(sketch.ports);
  const bound = context.folders.filter(({ services }) => services.includes(name));
  if (bound.length > 0) parts["folders"] = digestValue(bound.map(({ source, at }) => [source, at]));
  for (const { layout, services, files } of context.mounts) {
    if (layout !== "content" || !services.includes(name)) continue;
    for (const file of files) parts[`file ${file.to}`] = file.digest;
  }
  return {
    name,
    ...(sketch.named === undefined ? {} : { containerName: sketch.named }),
    image,
    ...(sketch.locked === undefined ? {} : { lockedImage: lockedTo(sketch.locked) }),
    digests: [{ algorithm: "v1", digest: digestValue(parts), parts }],
    replicas: sketch.scheduled === true ? 0 : (sketch.replicas ?? 1),
    oneShot: sketch.oneShot ?? sketch.job ?? sketch.scheduled ?? false,
    ...(sketch.scheduled === true
      ? { schedule: { cron: "0 3 * * *", timeZone: "UTC", timeoutMs: 60_000 } }
      : {}),
    endAwaited: sketch.oneShot ?? false,
    hasHealthcheck: sketch.healthcheck ?? false,
    trialMs: 60_000,
    stopGraceMs: null,
    dependsOn: (sketch.dependsOn ?? []).map(dependency),
    sharesWith: sketch.sharesWith ?? [],
    ...(sketch.joins === undefined ? {} : { joins: sketch.joins }),
    networks: networks.map(fullName).sort(),
    ...(sketch.externalVolumes === undefined ? {} : { externalVolumes: sketch.externalVolumes }),
    volumes: [...new Set(own.flatMap(({ volume: each }) => (each === "" ? [] : [each])))].sort(),
    places,
    ports: (sketch.ports ?? []).map((port) => ({ hostIp: "", port, protocol: "tcp" })),
  };
}

/** The bytes of a word, for one platform. */
export function lockedTo(word: string): LockedImage {
  return {
    digest: `sha256:${digestBytes(`index ${word}`)}`,
    platforms: { "linux/amd64": `sha256:${digestBytes(`image ${word}`)}` },
  };
}

function placesOf(
  { volumes = [], anonymous = [], memory = [], binds = [] }: ServiceSketch,
  owner: string,
): MountPlace[] {
  const plain = { volume: "", subpath: "", readOnly: false };
  const named = volumes.map((text): MountPlace => {
    const [key = "", target = `/${key}`, options] = text.split(":");
    const [path = "", subpath = ""] = target.split("#");
    return { path, kind: "volume", volume: `${owner}_${key}`, subpath, readOnly: options === "ro" };
  });
  return [
    ...named,
    ...anonymous.map((path): MountPlace => ({ ...plain, path, kind: "anonymous" })),
    ...memory.map((path): MountPlace => ({ ...plain, path, kind: "memory" })),
    ...binds.map((path): MountPlace => ({ ...plain, path, kind: "bind", readOnly: true })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function dependency(text: string): DesiredService["dependsOn"][number] {
  const [service = "", condition = ""] = text.replace("!", "").split(":");
  const conditions: Record<string, DependencyCondition> = {
    healthy: "service_healthy",
    completed: "service_completed_successfully",
  };
  return {
    service,
    condition: conditions[condition] ?? "service_started",
    restart: text.endsWith("!"),
  };
}
