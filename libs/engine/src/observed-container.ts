import {
  type ContainerState,
  type ObservedContainer,
  type ObservedEndpoint,
  composeLabels,
  labels,
} from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import { type BoundFolders, hostPathsOf } from "./bound-folder.ts";
import type { Engine } from "./engine.ts";
import { type Labels, type OwnershipQuestion, judgeContainer, labelOf, adopterOf } from "./ownership.ts";
import { listOf, recordOf, textOf } from "./json-reader.ts";
import { steadyMs } from "./poll-steady.ts";
import { askEngine, hasStatus, unreadable } from "./request.ts";
import { untilSettledMs } from "./restart-calm.ts";
import { isStuck } from "./stuck-container.ts";
import { limitsOf } from "./container-limits.ts";
import { isAnonymous, placesOf } from "./observed-place.ts";
import { readHealth, readState } from "./container-state.ts";

/** What the engine says of a container; null when there is none. */
export async function inspectContainer(
  engine: Engine,
  { id, signal }: { id: string; signal?: AbortSignal | undefined },
): Promise<ContainerInspectInfo | null> {
  const what = `inspect container ${id}`;
  try {
    const info = await askEngine(engine, {
      what,
      signal,
      send: (abortSignal) => engine.docker.getContainer(id).inspect({ abortSignal }),
    });
    if (typeof info.Id !== "string" || typeof info.State?.Status !== "string") throw unreadable(what);
    return info;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

/** The name without the engine's leading slash. */
export function nameOf(info: { Name: string }): string {
  return info.Name.replace(/^\//, "");
}

export interface Surroundings extends OwnershipQuestion {
  /** All networks that the engine has. */
  existingNetworks: { ids: ReadonlySet<string>; names: ReadonlySet<string> };
  /** What volumes of the engine give out of the host. */
  boundFolders: BoundFolders;
}

/** A container as the planner sees it. Throws K3009 for a state that it does not know. */
export function describeContainer(
  info: ContainerInspectInfo,
  { existingNetworks, boundFolders, ...node }: Surroundings,
): ObservedContainer {
  const all = info.Config.Labels ?? {};
  const name = nameOf(info);
  const settlesInMs = untilSettledMs(info, Date.now());
  const adopter = adopterOf(node.madeHere, { kind: "containers", id: info.Id });
  return {
    id: info.Id,
    name,
    ownership: judgeContainer({ id: info.Id, name, labels: all }, node),
    project: labelOf(all, composeLabels.project),
    service: labelOf(all, composeLabels.service),
    ...numberOf(all),
    instance: labelOf(all, labels.instance) || adopter,
    digest: labelOf(all, labels.digest),
    image: info.Config.Image,
    imageId: info.Image,
    state: stateOf(info),
    health: readHealth(info.State.Health?.Status),
    exitCode: info.State.ExitCode,
    networks: networksOf(info, existingNetworks),
    endpoints: endpointsOf(info),
    ...mountsOf(info, boundFolders),
    ...(adopter === "" ? {} : { bindPaths: bindPathsOf(info) }),
    limits: limitsOf(info),
    // The engine's zero time: it never ran.
    startedAt: info.State.StartedAt.startsWith("0001-") ? "" : info.State.StartedAt,
    ...(settlesInMs === 0 ? {} : { settlesInMs }),
  };
}

function numberOf(all: Labels): Pick<ObservedContainer, "number"> {
  const number = labelOf(all, composeLabels.containerNumber);
  return /^\d{1,9}$/.test(number) ? { number: Number(number) } : {};
}

/** What cannot be started any more is dead. Throws K3009 for an unknown state: a guess could stop what runs. */
function stateOf(info: ContainerInspectInfo): ContainerState {
  const said = info.State.Status;
  const state = readState(said);
  if (state === null) throw unreadable(`tell the state of container ${nameOf(info)} (it says ${said})`);
  if ((state === "created" || state === "exited") && isStuck(info.State.Error)) return "dead";
  return state === "running" && isBetweenRestarts(info) ? "restarting" : state;
}

/** A start by request sets the count to zero. After a change of the clock, its age is wrong or below zero. */
function isBetweenRestarts({ RestartCount: restarts, State: { StartedAt } }: ContainerInspectInfo): boolean {
  const ageMs = Date.now() - Date.parse(StartedAt);
  return restarts > 0 && ageMs >= 0 && ageMs < steadyMs;
}

/** Networks that no Compose network can be: a container has them by its network mode. */
export const predefinedNetworks: ReadonlySet<string> = new Set(["bridge", "host", "none", "default"]);

/**
 * A stopped container still names a network that was removed, and cannot start: it has lost the network. A container that
 * never ran names its networks without an id, and searches for the name when it starts. One that runs and was to be connected,
 * and could not be, names the network, and has no endpoint.
 */
function networksOf(info: ContainerInspectInfo, existing: Surroundings["existingNetworks"]): string[] {
  return Object.entries(info.NetworkSettings.Networks ?? {})
    .filter(([name]) => !predefinedNetworks.has(name))
    .filter(([name, { NetworkID: id }]) => (id === "" ? existing.names.has(name) : existing.ids.has(id)))
    .filter(([, { EndpointID: endpointId }]) => info.State.Status !== "running" || endpointId !== "")
    .map(([name]) => name)
    .sort();
}

/**
 * A connection made by hand often lacks the names and the address that Compose gives, and then other containers do not find
 * it. Engines before 25 show aliases only.
 */
function endpointsOf(info: ContainerInspectInfo): Record<string, ObservedEndpoint> {
  const endpoints = Object.entries(info.NetworkSettings.Networks ?? {})
    .filter(([name]) => !predefinedNetworks.has(name))
    .map(([name, endpoint]): [string, ObservedEndpoint] => {
      const { Aliases: aliases, DNSNames: names, IPAMConfig: chosen } = recordOf(endpoint);
      const { IPv4Address: ipv4, IPv6Address: ipv6, LinkLocalIPs: linkLocal } = recordOf(chosen);
      const isTold = (aliases ?? names ?? null) !== null;
      const known = [...new Set([...listOf(aliases), ...listOf(names)].map(textOf))].sort();
      return [
        name,
        {
          names: isTold ? known : null,
          fixedAddresses: [ipv4, ipv6, ...listOf(linkLocal)].map(textOf).filter((each) => each !== ""),
        },
      ];
    });
  return Object.fromEntries(endpoints);
}

function bindPathsOf({ Mounts: mounts }: Pick<ContainerInspectInfo, "Mounts">): Record<string, string> {
  const binds = (mounts ?? []).filter(({ Type: type }) => type === "bind");
  return Object.fromEntries(binds.map(({ Destination: path, Source: source }) => [path, source]));
}

function mountsOf(
  info: ContainerInspectInfo,
  folders: BoundFolders,
): Pick<ObservedContainer, "binds" | "writableBinds" | "volumes" | "anonymousVolumes" | "places"> {
  const mounts = info.Mounts ?? [];
  const paths = hostPathsOf(mounts, folders);
  const volumes = mounts
    .flatMap((mount) => (mount.Type === "volume" && mount.Name !== undefined ? [mount.Name] : []))
    .sort();
  return {
    binds: paths.map(({ path }) => path).sort(),
    writableBinds: paths.flatMap(({ path, readOnly }) => (readOnly ? [] : [path])).sort(),
    volumes: volumes.filter((name) => !isAnonymous(name)),
    anonymousVolumes: volumes.filter(isAnonymous),
    places: placesOf(info),
  };
}
