import {
  type ComposeModel,
  type ComposeService,
  type DesiredMount,
  type DesiredService,
  type PublishedPort,
  type RenderedInstance,
  compareText,
  digestValue,
  parseDurationMs,
} from "@keelson/model";

/** What a service keeps out of its digest: order and number are planned, not properties of a container. */
const notOfTheContainer = new Set([
  "depends_on",
  "profiles",
  "develop",
  "scale",
  "deploy",
  "image",
  "networks",
  "volumes",
  "secrets",
  "configs",
]);

interface ServiceContext {
  instance: RenderedInstance;
  model: ComposeModel;
  mounts: readonly DesiredMount[];
  /** Engine names and definition digests by the key in the Compose file. */
  networks: ReadonlyMap<string, { name: string; digest: string }>;
  volumes: ReadonlyMap<string, { name: string; digest: string }>;
}

export function buildService(name: string, context: ServiceContext): DesiredService {
  const service = context.model.services[name] as ComposeService;
  const parts = digestParts(name, context);
  return {
    name,
    image: service.image,
    digest: digestValue(parts),
    parts,
    replicas: service.scale ?? service.deploy?.replicas ?? 1,
    oneShot: isOneShot(name, context.model),
    hasHealthcheck: hasHealthcheck(service),
    trialMs: trialMs(service, context.instance),
    stopGraceMs: service.stop_grace_period === undefined ? null : parseDurationMs(service.stop_grace_period),
    dependsOn: Object.entries(service.depends_on ?? {})
      .filter(([dependency]) => context.model.services[dependency] !== undefined)
      .map(([dependency, { condition, restart }]) => ({
        service: dependency,
        condition,
        restart: restart ?? false,
      }))
      .sort((a, b) => compareText(a.service, b.service)),
    sharesWith: findSharedServices(service),
    networks: Object.keys(service.networks ?? {})
      .map((key) => context.networks.get(key)?.name ?? key)
      .sort(compareText),
    volumes: (service.volumes ?? [])
      .filter((mount) => mount.type === "volume" && mount.source !== undefined)
      .map((mount) => context.volumes.get(mount.source ?? "")?.name ?? "")
      .sort(compareText),
    ports: (service.ports ?? []).flatMap(publishedPort),
  };
}

/**
 * What the container is made of, each part with its own digest, so that a plan can name what changed.
 * Binds count by layout and source; the content of `recreate` files counts, that of live files does not.
 */
function digestParts(name: string, context: ServiceContext): Record<string, string> {
  const service = context.model.services[name] as ComposeService;
  const parts: Record<string, string> = { image: service.image };
  for (const [key, value] of Object.entries(service)) {
    if (!notOfTheContainer.has(key) && !isEmpty(value)) parts[key] = digestValue(value);
  }
  const deploy = { ...service.deploy, replicas: undefined };
  if (!isEmpty(deploy)) parts["deploy"] = digestValue(deploy);
  const layoutOfSource = new Map(context.mounts.map((mount) => [mount.source, mount.layout]));
  const bound = (source: unknown) => `${layoutOfSource.get(String(source)) ?? "content"}:${String(source)}`;
  const volumes = (service.volumes ?? []).map((mount) =>
    mount.type === "bind"
      ? { ...mount, source: bound(mount.source) }
      : { ...mount, source: context.volumes.get(mount.source ?? "")?.name ?? mount.source },
  );
  if (volumes.length > 0) parts["volumes"] = digestValue(volumes);
  for (const kind of ["secrets", "configs"] as const) {
    const used = (service[kind] ?? []).map((use) => [use, bound(context.model[kind][use.source]?.["file"])]);
    if (used.length > 0) parts[kind] = digestValue(used);
  }
  const networks = Object.entries(service.networks ?? {}).map(([key, use]) => [
    context.networks.get(key),
    use ?? {},
  ]);
  if (networks.length > 0) parts["networks"] = digestValue(networks);
  for (const mount of context.mounts) {
    if (mount.layout !== "content" || !mount.services.includes(name)) continue;
    for (const file of mount.files) parts[`file ${file.to}`] = file.digest;
  }
  return parts;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === "object" && Object.values(value).every((each) => each === undefined);
}

/** Meant to end: somebody waits for its completion, or the package says `restart: "no"` or `on-failure` in so many words. */
function isOneShot(name: string, model: ComposeModel): boolean {
  const isAwaited = Object.values(model.services).some(
    (other) => other.depends_on?.[name]?.condition === "service_completed_successfully",
  );
  const restart = model.services[name]?.restart ?? "";
  return isAwaited || restart === "no" || restart.startsWith("on-failure");
}

function hasHealthcheck(service: ComposeService): boolean {
  const test = service.healthcheck?.test;
  return test !== undefined && test[0] !== "NONE" && service.healthcheck?.disable !== true;
}

/** The package's trial, or longer when the health check itself needs longer to give up. */
function trialMs(service: ComposeService, instance: RenderedInstance): number {
  const packageMs = parseDurationMs(instance.update.trial);
  const check = service.healthcheck;
  if (!hasHealthcheck(service) || check === undefined) return packageMs;
  // Defaults of the Dockerfile reference, HEALTHCHECK.
  const roundMs = parseDurationMs(check.interval ?? "30s") + parseDurationMs(check.timeout ?? "30s");
  return Math.max(packageMs, parseDurationMs(check.start_period ?? "0s") + roundMs * (check.retries ?? 3));
}

/** Services whose namespace or volumes this one lives in. */
function findSharedServices(service: ComposeService): string[] {
  const modes = [service.network_mode, service.ipc, service.pid].filter((mode) =>
    mode?.startsWith("service:"),
  );
  const shared = modes.map((mode) => (mode ?? "").slice("service:".length));
  const volumesFrom = (service.volumes_from ?? []).map((entry) => entry.split(":")[0] ?? "");
  return [...new Set([...shared, ...volumesFrom])].sort(compareText);
}

function publishedPort(port: { published?: string; host_ip?: string; protocol?: string }): PublishedPort[] {
  const number = Number(port.published);
  if (!Number.isInteger(number) || number === 0) return [];
  return [{ hostIp: port.host_ip ?? "", port: number, protocol: port.protocol ?? "tcp" }];
}
