import type { ContainerInspectInfo, EndpointSettings } from "dockerode";

import type { EngineContext } from "./context.ts";
import { listOf, recordOf } from "./json-reader.ts";
import { inspectContainer } from "./observed-container.ts";
import { askEngine, hasStatus } from "./request.ts";

/** How a container was connected to a network, as far as somebody has said it. */
export interface Member {
  containerId: string;
  endpoint: Partial<EndpointSettings>;
}

/**
 * Takes a container out of a network, whether it runs or not. Returns how it was in it; null when it was not, or is gone.
 */
export async function disconnectMember(
  context: EngineContext,
  { networkId, containerId }: { networkId: string; containerId: string },
): Promise<Member | null> {
  const { engine, signal } = context;
  const info = await inspectContainer(engine, { id: containerId, signal });
  const endpoint = info === null ? null : findEndpoint(info, networkId);
  if (endpoint === null) return null;
  try {
    await askEngine(engine, {
      what: `disconnect container ${containerId}`,
      signal,
      send: () => engine.docker.getNetwork(networkId).disconnect({ Container: containerId, Force: true }),
    });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
  return { containerId, endpoint };
}

/** Connects a container to a network in just this way. */
export async function connectMember(
  { engine, signal }: EngineContext,
  { networkId, containerId, endpoint }: Member & { networkId: string },
): Promise<void> {
  await askEngine(engine, {
    what: `connect container ${containerId}`,
    signal,
    send: () =>
      engine.docker.getNetwork(networkId).connect({ Container: containerId, EndpointConfig: endpoint }),
  });
}

/** What was asked for, and not what the engine made of it; engines before 25 add the short id to the aliases. */
function findEndpoint(info: ContainerInspectInfo, networkId: string): Partial<EndpointSettings> | null {
  const endpoints = Object.values(info.NetworkSettings.Networks ?? {}).map(recordOf);
  const found = endpoints.find(({ NetworkID: id }) => id === networkId);
  if (found === undefined) return null;
  const aliases = listOf(found["Aliases"]).filter((alias) => alias !== info.Id.slice(0, 12));
  return Object({
    IPAMConfig: found["IPAMConfig"],
    Links: found["Links"],
    DriverOpts: found["DriverOpts"],
    Aliases: aliases,
  });
}
