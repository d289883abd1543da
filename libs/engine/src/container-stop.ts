import { setTimeout as sleep } from "node:timers/promises";

import { KeelsonError, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { recordOf } from "./json-reader.ts";
import { inspectContainer } from "./observed-container.ts";

/** The engine's own default (API reference, `StopTimeout`). */
const defaultGraceMs = 10_000;
const longestGraceMs = 3_600_000;

/** How long the engine lets a container end by itself before it kills it; 0 for one that is gone. */
export async function stopGraceMs({ engine, signal }: EngineContext, id: string): Promise<number> {
  const info = await inspectContainer(engine, { id, signal });
  if (info === null) return 0;
  const seconds = recordOf(info.Config)["StopTimeout"];
  if (typeof seconds !== "number") return defaultGraceMs;
  // Below zero the engine waits for ever.
  return seconds < 0 ? longestGraceMs : Math.min(seconds * 1_000, longestGraceMs);
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
        message: `container ${name} is being removed for more than ${engine.timeoutMs} ms`,
        outcome: transient,
      });
    }
    await sleep(100);
  }
}
