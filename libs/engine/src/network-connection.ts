import { KeelsonError, type OperationOf, labels, resourceIds, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { type Member, connectMember, disconnectMember } from "./network-member.ts";
import { inspectContainer } from "./observed-container.ts";
import { listNetworks } from "./observed-network.ts";
import { labelOf } from "./ownership.ts";
import { EngineError } from "./request.ts";

type ConnectContainer = OperationOf<"connect-container">;

/**
 * Connects a container, whether it runs or not, to the own network of a name, or to another one by its id. What it has of a
 * network of that name goes first: a stopped container keeps the id of one that is gone. Throws K3010 when the container is
 * gone, and K3048 when there is no such network or the engine does not connect it: it is then in the network as it was.
 */
export async function connectContainer(context: EngineContext, operation: ConnectContainer): Promise<void> {
  const { containerId, containerName, network, endpoint } = operation;
  const info = await inspectContainer(context.engine, { id: containerId, signal: context.signal });
  if (info === null) {
    throw new KeelsonError({
      code: "K3010",
      message: `container ${containerName} is gone`,
      outcome: transient,
    });
  }
  const networkId = operation.networkId ?? (await findOwnNetwork(context, network));
  if (networkId === null) throw notConnected(operation, { why: "it is not there" });
  let before: Member | null = null;
  try {
    before = await disconnectMember(context, { networkId, containerId, network });
    await connectMember(context, {
      networkId,
      containerId,
      containerName,
      endpoint: {
        Aliases: endpoint.aliases,
        IPAMConfig: {
          ...(endpoint.ipv4Address === "" ? {} : { IPv4Address: endpoint.ipv4Address }),
          ...(endpoint.ipv6Address === "" ? {} : { IPv6Address: endpoint.ipv6Address }),
          ...(endpoint.linkLocalAddresses.length === 0 ? {} : { LinkLocalIPs: endpoint.linkLocalAddresses }),
        },
      },
    });
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "K3009") throw error;
    // In the network as it was, it is of more use than in none.
    if (before !== null) await connectMember(context, { ...before, networkId });
    throw notConnected(operation, { why: "the engine refuses it", cause: error });
  }
}

/** The network of this name that is this node's own: engine 20.10 can have several of one name. */
async function findOwnNetwork(
  { engine, ownerOf, own, signal }: EngineContext,
  name: string,
): Promise<string | null> {
  const owner = ownerOf(resourceIds.network(name));
  const networks = await listNetworks(engine, signal);
  const isOwn = ({ Id: id, Labels: all }: (typeof networks)[number]) =>
    own.has(id) || labelOf(all ?? {}, labels.owner) === owner;
  return networks.find((each) => each.Name === name && isOwn(each))?.Id ?? null;
}

function notConnected(
  { containerName, network }: ConnectContainer,
  { why, cause }: { why: string; cause?: unknown },
): KeelsonError {
  return new KeelsonError({
    code: "K3048",
    message: `container ${containerName} cannot be connected to network ${network}: ${why}`,
    hint: "The next round tries again.",
    outcome: transient,
    cause,
  });
}
