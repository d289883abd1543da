import {
  type AdoptableContainer,
  type ContainerDefaults,
  compareText,
  composeLabels,
  digestValue,
} from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { predefinedNetworks } from "./observed-container.ts";
import { listOf, textOf } from "./json-reader.ts";
import { inspectImage } from "./observed-image.ts";
import { labelOf } from "./ownership.ts";
import { askEngine } from "./request.ts";

/** All that can be told of a container that may be adopted; null when its image is gone. */
export async function describeAdoptable(
  { engine, signal }: { engine: Engine; signal?: AbortSignal | undefined },
  info: ContainerInspectInfo,
): Promise<AdoptableContainer> {
  const image = await inspectImage(engine, { reference: info.Image, signal });
  return { id: info.Id, inspected: info, image: image?.Config ?? null, fingerprint: fingerprintOf(info) };
}

/**
 * Of what a container is, and not of how it is doing. Its state, the addresses that the engine chose, and what the engine only
 * fills in at the first start do not count.
 */
export function fingerprintOf(info: ContainerInspectInfo): string {
  const { Id, Name, Image, Config, HostConfig, Mounts, NetworkSettings } = info;
  const { Runtime: runtime = usualRuntime, ...host } = HostConfig;
  const joined = Object.entries(NetworkSettings.Networks ?? {})
    .filter(([name]) => !predefinedNetworks.has(name))
    .sort(([a], [b]) => compareText(a, b));
  const networks = joined.map(([name, { Aliases, IPAMConfig }]) => [
    name,
    listOf(Aliases)
      .map(textOf)
      .filter((alias) => !Id.startsWith(alias))
      .sort(compareText),
    IPAMConfig ?? null,
  ]);
  const mounts = [...(Mounts ?? [])].sort((a, b) => compareText(a.Destination, b.Destination));
  return digestValue({ Id, Name, Image, Config, host, runtime, mounts, networks });
}

const usualRuntime = "runc";

/** Containers of these Compose projects, but for those of `compose run`. */
export function isOfProject(info: ContainerInspectInfo, projects: ReadonlySet<string>): boolean {
  const all = info.Config.Labels ?? {};
  return projects.has(labelOf(all, composeLabels.project)) && labelOf(all, composeLabels.service) !== "";
}

/** Of Docker. */
const firstWithAnnotations = 24;

export async function observeDefaults(
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<ContainerDefaults> {
  const {
    LoggingDriver: loggingDriver,
    CgroupVersion: version,
    DefaultRuntime: runtime,
    Name: hostName,
    ServerVersion: engineVersion,
  } = await askEngine(engine, {
    what: "tell its settings",
    signal,
    send: () => engine.docker.info(),
  });
  return {
    loggingDriver,
    cgroup: version === "2" ? "private" : "host",
    runtime,
    hostName,
    keepsAnnotations: !(Number.parseInt(engineVersion, 10) < firstWithAnnotations),
  };
}
