import { KeelsonError, type OperationOf, transient } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { findHeldPorts } from "./held-port.ts";
import { listOf, mapOf, recordOf } from "./json-reader.ts";
import { inspectContainer } from "./observed-container.ts";
import { EngineError, askEngine, hasStatus } from "./request.ts";
import { type ServiceName, listServiceContainers } from "./service-container.ts";
import { listContainers } from "./container-list.ts";
import { noContainer, showProject } from "./own-container.ts";
import { isStuck } from "./stuck-container.ts";

/**
 * Starts what a service has that does not run, by ascending number, and returns when all are started; a paused
 * container goes on. Throws K3004 for a port that is taken, K3010 when the service has no container.
 */
export async function startService(
  context: EngineContext,
  operation: OperationOf<"start-service">,
): Promise<void> {
  const containers = await listServiceContainers(context, operation);
  if (containers.length === 0) throw noContainer(operation);
  for (const [index, container] of containers.entries()) {
    context.emitProgress(`starting ${showProject(operation)}`, index, containers.length);
    await startContainer(context, { container, service: operation });
  }
  context.emitProgress(`started ${showProject(operation)}`, containers.length, containers.length);
}

async function startContainer(
  context: EngineContext,
  { container, service }: { container: ContainerInfo; service: ServiceName },
): Promise<void> {
  const { engine, signal } = context;
  const { Id: id, State: state } = container;
  const handle = engine.docker.getContainer(id);
  const isPaused = state === "paused";
  try {
    await askEngine(engine, {
      what: `start service ${showProject(service)}`,
      signal,
      send: (abortSignal) => (isPaused ? handle.unpause({ abortSignal }) : handle.start({ abortSignal })),
    });
  } catch (error) {
    // It runs already.
    if (hasStatus(error, 304)) return;
    if (error instanceof EngineError && isStuck(error.engineText)) throw stuck(error, service);
    throw await translateStart(context, { error, id, service });
  }
}

/** The next round sees it as dead, and lets Compose make it anew: what is removed first loses its anonymous volumes. */
function stuck(error: EngineError, service: ServiceName): KeelsonError {
  return new KeelsonError({
    code: "K3009",
    message: `the engine was ended in the middle of a start and can no longer start the container of ${showProject(service)}`,
    hint: "The next round makes it anew.",
    outcome: transient,
    cause: error.cause,
  });
}

/**
 * Only the text of a failed start shows that a port is taken: the status is 500, as for any other failure. These are the
 * words of Docker's port allocator and of the operating system. With a capital letter they are about an address of a network
 * that another container has.
 */
export async function translateStart(
  context: EngineContext,
  { error, id, service }: { error: unknown; id: string; service: ServiceName },
): Promise<unknown> {
  const isTaken =
    error instanceof EngineError && /port is already allocated|address already in use/.test(error.engineText);
  if (!isTaken) return error;
  return new KeelsonError({
    code: "K3004",
    message: `service ${showProject(service)} cannot start: ${await describeHolder(context, { id, service })}`,
    hint: "Free the port or publish another one; the next round tries again.",
    outcome: transient,
    cause: error.cause,
  });
}

async function describeHolder(
  { engine, signal }: EngineContext,
  { id, service }: { id: string; service: ServiceName },
): Promise<string> {
  const info = await inspectContainer(engine, { id, signal });
  const bindings = Object.entries(recordOf(info?.HostConfig.PortBindings));
  const ports = bindings.flatMap(([target, wanted]) =>
    listOf(wanted)
      .map(mapOf)
      .map(({ HostIp: hostIp = "", HostPort: port }) => ({
        ...service,
        port: { hostIp, port: Number(port), protocol: target.split("/")[1] ?? "tcp" },
      })),
  );
  const held = await findHeldPorts(engine, { ports, containers: await listContainers(engine, { signal }) });
  if (held.length === 0) return "one of its ports is taken";
  return held
    .map(
      ({ port, protocol, container }) => `${port}/${protocol} is held by ${container ?? "another program"}`,
    )
    .join(", ");
}
