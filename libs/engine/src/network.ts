import { KeelsonError, type OperationOf, composeLabels, resourceIds, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { mapOf } from "./json-reader.ts";
import { engineNetwork, findNetworkFlaw } from "./network-definition.ts";
import { type Member, connectMember, disconnectMember } from "./network-member.ts";
import { listNetworks } from "./observed-network.ts";
import { EngineError, askEngine, hasStatus } from "./request.ts";
import { nameTaken, ownLabels } from "./own-resource.ts";

/**
 * Creates a network with Compose's labels and ours. An existing one that equals it is fine; any other of its name is K3007.
 */
export async function createNetwork(
  context: EngineContext,
  operation: OperationOf<"create-network">,
): Promise<void> {
  const { engine, signal } = context;
  const { network } = operation;
  const own = networkLabels(context, operation);
  try {
    await askEngine(engine, {
      what: `create network ${network.name}`,
      signal,
      send: (abortSignal) =>
        engine.docker.createNetwork({
          ...engineNetwork(network.definition),
          Name: network.name,
          // Engines before 25 otherwise make a second network of the same name.
          CheckDuplicate: true,
          Labels: { ...mapOf(network.definition["labels"]), ...own },
          abortSignal,
        }),
    });
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
    const existing = (await listNetworks(engine, signal)).filter(({ Name: name }) => name === network.name);
    const isOurs = existing.some(
      (found) =>
        Object.entries(own).every(([name, value]) => found.Labels?.[name] === value) &&
        findNetworkFlaw(found, network.definition) === "",
    );
    if (!isOurs) throw otherNetwork(network.name, error.cause);
  }
}

/**
 * Disconnects the members and removes a network; one that is gone is fine. K3013 while others are attached, naming them: the
 * members are then connected again as they were.
 */
export async function removeNetwork(
  context: EngineContext,
  { networkId, members }: OperationOf<"remove-network">,
): Promise<void> {
  const disconnected: Member[] = [];
  try {
    for (const containerId of members) {
      const member = await disconnectMember(context, { networkId, containerId });
      if (member !== null) disconnected.push(member);
    }
    await removeEmpty(context, networkId);
  } catch (error) {
    // A round that is ended can ask for nothing more: the next one sees who is in no network.
    if (!context.signal.aborted) await connectAgain(context, { networkId, disconnected, error });
    throw error;
  }
}

/** Connects all that it can; K3048, naming those that it cannot. */
async function connectAgain(
  context: EngineContext,
  { networkId, disconnected, error }: { networkId: string; disconnected: readonly Member[]; error: unknown },
): Promise<void> {
  const failed: { name: string; cause: EngineError }[] = [];
  for (const member of disconnected) {
    try {
      await connectMember(context, { networkId, ...member });
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      failed.push({ name: member.containerName, cause });
    }
  }
  const [first] = failed;
  if (first === undefined) return;
  throw new KeelsonError({
    code: "K3048",
    message: `${failed.map(({ name }) => `container ${name}`).join(" and ")} could not be connected again to a network that is not removed: ${error instanceof Error ? error.message : String(error)}`,
    hint: "The next round tries again.",
    outcome: transient,
    cause: first.cause,
  });
}

async function removeEmpty(context: EngineContext, networkId: string): Promise<void> {
  const { engine, signal } = context;
  try {
    await askEngine(engine, {
      what: `remove network ${networkId}`,
      signal,
      send: (abortSignal) => engine.docker.getNetwork(networkId).remove({ abortSignal }),
    });
  } catch (error) {
    if (hasStatus(error, 404)) return;
    // 403 of all engines we know, 409 by the API's reference.
    if (!hasStatus(error, 403, 409)) throw error;
    throw await describeUse(context, { networkId, cause: error.cause });
  }
}

async function describeUse(
  { engine, signal }: EngineContext,
  { networkId, cause }: { networkId: string; cause: unknown },
): Promise<KeelsonError> {
  const network = await askEngine(engine, {
    what: `inspect network ${networkId}`,
    signal,
    send: () => engine.docker.getNetwork(networkId).inspect(),
  });
  const attached = Object.values(network.Containers ?? {})
    .map(({ Name: name }) => name)
    .sort();
  return new KeelsonError({
    code: "K3013",
    message:
      attached.length > 0
        ? `network ${network.Name} cannot be removed while containers are attached to it: ${attached.join(", ")}`
        : `network ${network.Name} cannot be removed: the engine holds it for a container that is gone`,
    hint:
      attached.length > 0
        ? "Disconnect the foreign ones; the network is removed once all are gone or disconnected."
        : "The next round tries again; if that does not help, restart the engine.",
    outcome: transient,
    cause,
  });
}

function networkLabels(
  context: EngineContext,
  { network, ...operation }: OperationOf<"create-network">,
): Record<string, string> {
  const resourceId = resourceIds.network(network.name);
  return {
    ...ownLabels(context, { ...operation, digest: network.digest, resourceId }),
    [composeLabels.network]: network.key,
  };
}

function otherNetwork(name: string, cause: unknown): KeelsonError {
  return nameTaken({
    message: `another network is named ${name}, and Keelson did not make it like this`,
    hint: `Find out what uses it (docker network inspect ${name}), then remove or rename it; Keelson never touches it.`,
    cause,
  });
}
