import type { ContainerInspectInfo, EndpointSettings } from "dockerode";

import type { EngineContext } from "./context.ts";
import { listOf, recordOf } from "./json-reader.ts";
import { inspectContainer, nameOf } from "./observed-container.ts";
import { askEngine, hasStatus } from "./request.ts";

/** How a container was connected to a network, as far as somebody has said it. */
export interface Member {
  containerId: string;
  containerName: string;
  endpoint: Partial<EndpointSettings>;
}

/**
 * Takes a container out of a network, whether it runs or not; with a name, also out of what it has left of another one of that
 * name. Returns how it was in it; null when it was not, or is gone.
 */
export async function disconnectMember(
  context: EngineContext,
  { networkId, containerId, network }: { networkId: string; containerId: string; network?: string },
): Promise<Member | null> {
  const { engine, signal } = context;
  const info = await inspectContainer(engine, { id: containerId, signal });
  const endpoint = info === null ? null : findEndpoint(info, { networkId, network });
  if (info === null || endpoint === null) return null;
  const containerName = nameOf(info);
  try {
    await askEngine(engine, {
      what: `disconnect container ${containerName}`,
      signal,
      send: () => engine.docker.getNetwork(networkId).disconnect({ Container: containerId, Force: true }),
    });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
  return { containerId, containerName, endpoint };
}

/** Connects a container to a network in just this way. */
export async function connectMember(
  { engine, signal }: EngineContext,
  { networkId, containerId, containerName, endpoint }: Member & { networkId: string },
): Promise<void> {
  await askEngine(engine, {
    what: `connect container ${containerName}`,
    signal,
    send: () =>
      engine.docker.getNetwork(networkId).connect({ Container: containerId, EndpointConfig: endpoint }),
  });
}

/**
 * What was asked for, and not what the engine made of it; engines before 25 add the short id to the aliases. What runs and has
 * no endpoint could not be connected: the engine does not disconnect it either, and another connection takes its place.
 */
function findEndpoint(
  info: ContainerInspectInfo,
  { networkId, network }: { networkId: string; network: string | undefined },
): Partial<EndpointSettings> | null {
  const endpoints = Object.entries(info.NetworkSettings.Networks ?? {});
  const [, endpoint] =
    endpoints.find(([name, { NetworkID: id }]) => id === networkId || name === network) ?? [];
  if (endpoint === undefined || (info.State.Running && endpoint.EndpointID === "")) return null;
  const found = recordOf(endpoint);
  const aliases = listOf(found["Aliases"]).filter((alias) => alias !== info.Id.slice(0, 12));
  return Object({
    IPAMConfig: found["IPAMConfig"],
    Links: found["Links"],
    DriverOpts: found["DriverOpts"],
    Aliases: aliases,
  });
}
