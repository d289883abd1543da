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

import { withoutEmpty } from "./meaning.ts";

/** What a service keeps out of its digest, or has a part of its own for: order and number are planned, not made. */
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

export function buildService(
  [name, service]: [string, ComposeService],
  context: ServiceContext,
): DesiredService {
  const parts = digestParts([name, service], context);
  return {
    name,
    image: service.image,
    digest: digestValue(parts),
    parts,
    replicas: service.scale ?? service.deploy?.replicas ?? 1,
    oneShot: isOneShot([name, service], context.model),
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
      .filter(({ type }) => type === "volume")
      .flatMap(({ source }) => context.volumes.get(source ?? "")?.name ?? [])
      .sort(compareText),
    ports: (service.ports ?? []).flatMap(publishedPort),
  };
}

/**
 * What the container is made of, each part with its own digest, so that a plan can name what changed.
 * Binds count by layout and source; the content of `recreate` files counts, that of live files does not.
 */
function digestParts(
  [name, service]: [string, ComposeService],
  context: ServiceContext,
): Record<string, string> {
  const parts: Record<string, string> = { image: service.image };
  const add = (key: string, value: unknown) => {
    const meant = withoutEmpty(value);
    if (meant !== undefined) parts[key] = digestValue(meant);
  };
  for (const [key, value] of Object.entries(service)) if (!notOfTheContainer.has(key)) add(key, value);
  add("deploy", { ...service.deploy, replicas: null });
  if (service.volumes?.length) add("volumes", service.volumes.map(describeMount(context)));
  for (const kind of ["secrets", "configs"] as const) {
    const used = (service[kind] ?? []).map((use) => [
      use,
      boundPlace(context.model[kind][use.source]?.["file"], context),
    ]);
    if (used.length > 0) add(kind, used);
  }
  const networks = Object.entries(service.networks ?? {}).map(([key, use]) => {
    const network = context.networks.get(key) ?? { name: key, digest: "" };
    return [network.name, { ...network, use }] as const;
  });
  add("networks", Object.fromEntries(networks));
  for (const mount of context.mounts) {
    if (mount.layout !== "content" || !mount.services.includes(name)) continue;
    for (const file of mount.files) parts[`file ${file.to}`] = file.digest;
  }
  return parts;
}

function describeMount(context: ServiceContext) {
  return (mount: NonNullable<ComposeService["volumes"]>[number]) => ({
    ...mount,
    source:
      mount.type === "bind"
        ? boundPlace(mount.source, context)
        : (context.volumes.get(mount.source ?? "")?.name ?? mount.source),
  });
}

/** Where a bound file lies, but for its content: another layout is another path, and so is a writable one. */
function boundPlace(source: unknown, { mounts }: ServiceContext): string {
  const { layout = "content", writable = false } = mounts.find((mount) => mount.source === source) ?? {};
  return `${writable ? "writable " : ""}${layout}:${String(source)}`;
}

/**
 * Meant to end: somebody waits for its completion, or the package says `restart: "no"` or `on-failure` in so many words
 * and nothing speaks for a service that stays.
 */
function isOneShot([name, service]: [string, ComposeService], model: ComposeModel): boolean {
  const conditions = Object.values(model.services).flatMap(
    (other) => other.depends_on?.[name]?.condition ?? [],
  );
  if (conditions.includes("service_completed_successfully")) return true;
  const restart = service.restart ?? "";
  if (restart !== "no" && !restart.startsWith("on-failure")) return false;
  return !hasHealthcheck(service) && conditions.length === 0 && (service.ports ?? []).length === 0;
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
  const modes = [service.network_mode, service.ipc, service.pid].flatMap((mode) =>
    mode?.startsWith("service:") === true ? [mode.slice("service:".length)] : [],
  );
  const volumesFrom = (service.volumes_from ?? []).map((entry) => entry.split(":")[0] ?? "");
  return [...new Set([...modes, ...volumesFrom])].sort(compareText);
}

function publishedPort(port: { published?: string; host_ip?: string; protocol?: string }): PublishedPort[] {
  const number = Number(port.published);
  if (!Number.isInteger(number) || number === 0) return [];
  return [{ hostIp: port.host_ip ?? "", port: number, protocol: port.protocol ?? "tcp" }];
}
