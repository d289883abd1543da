import { collectStore } from "@keelson/node";

import { type StoreOptions, readStorePlace } from "../store-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printRemoved } from "../print/store.ts";

/** Removes the staged releases that this node does not need, and says which and how much space they took. */
export async function stageGc(
  options: StoreOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const collected = await collectStore(readStorePlace(options), { signal });
  if (output.json) output.printJson(collected);
  else printRemoved(output, collected);
  return exitCodes.done;
}
