import { setTimeout as sleep } from "node:timers/promises";

import { KeelsonError, transient } from "@keelson/model";

import { type StopInput, stopGracefully } from "./container-stop.ts";
import { readLastOutput } from "./last-output.ts";

const stopEveryMs = 500;

/**
 * Stops the container of a run, with its own stop grace or the longest that the node gives, and returns what it wrote last. The
 * engine then removes it; one that is stopped or gone is fine.
 */
export async function stopRun(input: Required<StopInput>, name: string): Promise<string> {
  const said = await readLastOutput(input.engine, { id: name, signal: input.signal });
  await stopGracefully(input, { id: name, name });
  return said;
}

/**
 * Stops the container of a run from when `when` comes until the input's signal does: then Compose is over. The library cannot
 * end Compose, which ends when its container does; that one may not be made yet.
 */
export async function stopFrom(
  when: AbortSignal,
  { name, ...input }: Required<StopInput> & { name: string },
): Promise<void> {
  const { signal: over } = input;
  const either = AbortSignal.any([when, over]);
  if (!either.aborted)
    await new Promise((resolve) => either.addEventListener("abort", resolve, { once: true }));
  while (!over.aborted) {
    try {
      await stopGracefully(input, { id: name, name });
    } catch (error) {
      // It is tried again, at the end by `requireStopped`, which tells why it fails.
      if (!(error instanceof KeelsonError)) throw error;
    }
    await sleep(stopEveryMs);
  }
}

/** Stops what Compose has left of a run. Throws K3053 when that fails: then the container may be at work. */
export async function requireStopped(input: StopInput, name: string): Promise<void> {
  try {
    await stopGracefully(input, { id: name, name });
  } catch (error) {
    throw new KeelsonError({
      code: "K3053",
      message: `the container ${name} could not be stopped: it may still be at work`,
      hint: `Stop it once the engine answers: docker stop ${name}`,
      outcome: transient,
      cause: error,
    });
  }
}
