import { setTimeout as sleep } from "node:timers/promises";

import { type StopInput, stopGracefully } from "./container-stop.ts";
import type { Engine } from "./engine.ts";
import { readLastOutput } from "./last-output.ts";
import { askEngine, hasStatus } from "./request.ts";

const stopEveryMs = 500;

/**
 * Stops the container of a run, with its own stop grace or the longest that the node gives, and returns what it wrote last. The
 * engine then removes it; one that is stopped or gone is fine.
 */
export async function stopRun(input: StopInput, name: string): Promise<string> {
  const said = await readLastOutput(input.engine, { id: name, signal: input.signal });
  await stopGracefully(input, { id: name, name });
  return said;
}

/** The library cannot end its child; Compose ends when its container does, which may not be made yet. */
export async function stopWhenCancelled(
  engine: Engine,
  { name, signal, over }: { name: string; signal: AbortSignal; over: AbortSignal },
): Promise<void> {
  const either = AbortSignal.any([signal, over]);
  if (!either.aborted)
    await new Promise((resolve) => either.addEventListener("abort", resolve, { once: true }));
  while (!over.aborted) {
    try {
      await askEngine(engine, {
        what: `stop ${name}`,
        send: async (abortSignal) => engine.docker.getContainer(name).stop({ abortSignal }),
      });
    } catch (error) {
      // It is not there yet or not any more.
      if (!hasStatus(error, 304, 404, 409)) throw error;
    }
    await sleep(stopEveryMs);
  }
}
