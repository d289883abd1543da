import { setTimeout as sleep } from "node:timers/promises";

import { KeelsonError, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { recordOf } from "./json-reader.ts";
import { inspectContainer } from "./observed-container.ts";
import { askEngine, hasStatus } from "./request.ts";

/** The engine's own default (API reference, `StopTimeout`). */
const defaultGraceMs = 10_000;

/** How long a container gets to end by itself before the engine kills it. */
export interface StopGrace {
  ms: number;
  /** What the request says, in seconds; nothing where the container's own grace counts. */
  request: { t?: number };
}

export type StopInput = Pick<EngineContext, "engine" | "longestStopMs"> &
  Partial<Pick<EngineContext, "signal">>;

/** The container's own grace, but no longer than the node gives; none for one that is gone. */
export async function stopGraceOf(
  { engine, signal, longestStopMs }: StopInput,
  id: string,
): Promise<StopGrace> {
  const info = await inspectContainer(engine, { id, signal });
  if (info === null) return { ms: 0, request: {} };
  const seconds = recordOf(info.Config)["StopTimeout"];
  const ownMs = typeof seconds === "number" ? seconds * 1_000 : defaultGraceMs;
  // Below zero the engine waits for ever.
  if (ownMs >= 0 && ownMs <= longestStopMs) return { ms: ownMs, request: {} };
  return { ms: longestStopMs, request: { t: Math.ceil(longestStopMs / 1_000) } };
}

/** Stops a container, with its own grace or the longest that the node gives; one that is stopped or gone is fine. */
export async function stopGracefully(
  input: StopInput,
  { id, name }: { id: string; name: string },
): Promise<void> {
  const { engine, signal } = input;
  const grace = await stopGraceOf(input, id);
  try {
    await askEngine(engine, {
      what: `stop container ${name}`,
      signal,
      timeoutMs: engine.timeoutMs + grace.ms,
      send: (abortSignal) => engine.docker.getContainer(id).stop({ ...grace.request, abortSignal }),
    });
  } catch (error) {
    if (!hasStatus(error, 304, 404)) throw error;
  }
}

/** Returns when a container that is being removed is gone; K3009 when that takes too long. */
export async function untilGone(
  { engine, signal }: EngineContext,
  { id, name }: { id: string; name: string },
): Promise<void> {
  const deadline = Date.now() + engine.timeoutMs;
  while ((await inspectContainer(engine, { id, signal })) !== null) {
    if (Date.now() > deadline) {
      throw new KeelsonError({
        code: "K3009",
        message: `the engine did not finish the removal of container ${name} within ${engine.timeoutMs} ms`,
        outcome: transient,
      });
    }
    await sleep(100);
  }
}
