import { setTimeout as sleep } from "node:timers/promises";

import { KeelsonError, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { recordOf } from "./json-reader.ts";
import { inspectContainer } from "./observed-container.ts";

/** The engine's own default (API reference, `StopTimeout`). */
const defaultGraceMs = 10_000;

/** How long a container gets to end by itself before the engine kills it. */
export interface StopGrace {
  ms: number;
  /** What the request says, in seconds; nothing where the container's own grace counts. */
  request: { t?: number };
}

/** The container's own grace, but no longer than the node gives; none for one that is gone. */
export async function stopGraceOf(
  { engine, signal, longestStopMs }: Pick<EngineContext, "engine" | "signal" | "longestStopMs">,
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
