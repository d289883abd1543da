import { KeelsonError, type OperationOf, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { stopGraceOf, stopGracefully, untilGone } from "./container-stop.ts";
import { inspectContainer, nameOf } from "./observed-container.ts";
import { askEngine, hasStatus } from "./request.ts";
import { translateStart } from "./service-start.ts";
import { nameTaken } from "./own-resource.ts";

/** Restarts a container, with its own stop grace or the longest that the node gives. K3010 when it is gone, K3004 when a port of it was taken meanwhile. */
export async function restartContainer(
  context: EngineContext,
  operation: OperationOf<"restart-container">,
): Promise<void> {
  const { engine, signal } = context;
  const { containerId: id, project, service } = operation;
  const name = { project, service };
  const grace = await stopGraceOf(context, id);
  try {
    await askEngine(engine, {
      what: `restart ${name.project}/${service}`,
      signal,
      timeoutMs: engine.timeoutMs + grace.ms,
      send: (abortSignal) => engine.docker.getContainer(id).restart({ ...grace.request, abortSignal }),
    });
  } catch (error) {
    if (hasStatus(error, 404)) throw notRunning(`${name.project}/${service}`, error.cause);
    throw await translateStart(context, { error, id, service: name });
  }
}

/** Sends a signal to a container's first process. K3010 when it does not run. */
export async function signalContainer(
  context: EngineContext,
  operation: OperationOf<"signal-container">,
): Promise<void> {
  const { engine } = context;
  const { containerId: id, project, service, signal: name } = operation;
  const shown = `${project}/${service}`;
  try {
    await askEngine(engine, {
      what: `send ${name} to ${shown}`,
      signal: context.signal,
      send: (abortSignal) => engine.docker.getContainer(id).kill({ signal: name, abortSignal }),
    });
  } catch (error) {
    if (hasStatus(error, 404, 409)) throw notRunning(shown, error.cause);
    throw error;
  }
}

/** Stops a container, with its own stop grace or the longest that the node gives; one that is stopped or gone is fine. */
export async function stopContainer(
  context: EngineContext,
  operation: OperationOf<"stop-container">,
): Promise<void> {
  await stopGracefully(context, { id: operation.containerId, name: operation.containerName });
}

/** Stops a container in order and removes it; one that is gone is fine. Its volumes stay, anonymous ones too. */
export async function removeContainer(
  context: EngineContext,
  operation: OperationOf<"remove-container">,
): Promise<void> {
  const { engine, signal } = context;
  const { containerId: id, containerName: name } = operation;
  await stopContainer(context, { ...operation, kind: "stop-container" });
  try {
    await askEngine(engine, {
      what: `remove container ${name}`,
      signal,
      send: (abortSignal) => engine.docker.getContainer(id).remove({ v: false, force: true, abortSignal }),
    });
  } catch (error) {
    if (hasStatus(error, 404)) return;
    // It is being removed already.
    if (!hasStatus(error, 409)) throw error;
    await untilGone(context, { id, name });
  }
}

/** Renames a container; one that has the name is fine. K3007 when another has it, K3010 when the container is gone. */
export async function renameContainer(
  context: EngineContext,
  operation: OperationOf<"rename-container">,
): Promise<void> {
  const { engine, signal } = context;
  const { containerId: id, name } = operation;
  try {
    await askEngine(engine, {
      what: `rename container ${id} to ${name}`,
      signal,
      send: (abortSignal) => engine.docker.getContainer(id).rename({ name, abortSignal }),
    });
  } catch (error) {
    if (!hasStatus(error, 400, 404, 409)) throw error;
    const info = await inspectContainer(engine, { id, signal });
    if (info === null) throw notRunning(name, error.cause);
    if (nameOf(info) === name) return;
    if (error.statusCode !== 409) throw error;
    throw nameTaken({
      message: `container ${nameOf(info)} cannot be renamed: there is another one named ${name}`,
      hint: "Remove or rename the other one.",
      cause: error.cause,
    });
  }
}

export function notRunning(shown: string, cause: unknown): KeelsonError {
  return new KeelsonError({ code: "K3010", message: `${shown} does not run`, outcome: transient, cause });
}
