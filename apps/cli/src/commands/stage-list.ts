import { listStore } from "@keelson/node";

import { type StoreOptions, readStorePlace } from "../store-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printStore } from "../print/store.ts";

/** Lists what is staged on this node, with why each stays. Reads notes only. */
export async function stageList(options: StoreOptions, output: Output): Promise<ExitCode> {
  const staged = await listStore(readStorePlace(options));
  if (output.json) output.printJson(staged);
  else printStore(output, staged);
  return exitCodes.done;
}
