import {
  type ComposeService,
  type DesiredService,
  type NodeSecrets,
  type PublishedPort,
  type RenderedInstance,
  compareText,
  healthcheckDefaults,
  parseDurationMs,
  ownOf,
} from "@keelson/model";

import type { DigestInput } from "./digest-algorithm.ts";
import { findJob, hasHealthcheck } from "./job.ts";
import { buildPlaces } from "./mount-place.ts";
import { withDigestedSecrets } from "./secret-environment.ts";
import { findSharedServices } from "./shared-service.ts";
import { type DigestAlgorithms, digestService } from "./service-digest.ts";

interface ServiceContext extends Omit<DigestInput, "name" | "service"> {
  instance: RenderedInstance;
  secrets: NodeSecrets;
  algorithms: DigestAlgorithms;
  /** Volumes that are not the instance's own. */
  external: readonly { key: string; name: string }[];
}

export function buildService(
  [name, service]: [string, ComposeService],
  context: ServiceContext,
): DesiredService {
  const job = findJob([name, service], context);
  const external = new Set(context.external.map((volume) => volume.name));
  const volumes = (service.volumes ?? [])
    .filter(({ type }) => type === "volume")
    .flatMap(({ source }) => context.volumes.get(source ?? "")?.name ?? [])
    .sort(compareText);
  const locked = ownOf(context.instance.imageLock?.images, service.image);
  const foreign = volumes.filter((volume) => external.has(volume));
  return {
    name,
    ...(service.container_name === undefined ? {} : { containerName: service.container_name }),
    image: service.image,
    ...(locked === undefined ? {} : { lockedImage: locked }),
    digests: digestService(
      { ...context, name, service: withDigestedSecrets(service, context.secrets) },
      context.algorithms,
    ),
    // A run by schedule has a container of its own.
    replicas: job.schedule === undefined ? (service.scale ?? service.deploy?.replicas ?? 1) : 0,
    ...job,
    hasHealthcheck: hasHealthcheck(service),
    trialMs: trialMs(service, context.instance),
    stopGraceMs: service.stop_grace_period === undefined ? null : parseDurationMs(service.stop_grace_period),
    dependsOn: Object.entries(service.depends_on ?? {})
      .filter(([dependency]) => ownOf(context.model.services, dependency) !== undefined)
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
    volumes: volumes.filter((volume) => !external.has(volume)),
    ...(foreign.length === 0 ? {} : { externalVolumes: foreign }),
    places: buildPlaces(service, context),
    ports: (service.ports ?? []).flatMap(publishedPort),
  };
}

const usualTrialMs = 60_000;

/** What the package says is the end; without that, a health check gets the time that it takes to fail. */
function trialMs(service: ComposeService, { update: { trial } }: RenderedInstance): number {
  if (trial !== undefined) return parseDurationMs(trial);
  if (!hasHealthcheck(service)) return usualTrialMs;
  const { start_period, interval, timeout, retries } = { ...healthcheckDefaults, ...service.healthcheck };
  const roundMs = parseDurationMs(interval) + parseDurationMs(timeout);
  return Math.max(usualTrialMs, parseDurationMs(start_period) + roundMs * retries);
}

function publishedPort(port: { published?: string; host_ip?: string; protocol?: string }): PublishedPort[] {
  const number = Number(port.published);
  if (!Number.isInteger(number) || number === 0) return [];
  return [{ hostIp: port.host_ip ?? "", port: number, protocol: port.protocol ?? "tcp" }];
}
