import { verifyStore } from "@keelson/node";

import { type StoreOptions, readStorePlace } from "../store-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printChecks } from "../print/store.ts";
import { readAsked } from "./stage.ts";

/** Reads through what is staged. Exits with 1 when something is not what it was. */
export async function stageVerify(
  options: StoreOptions,
  { asked, output, signal }: { asked: string | null; output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const { name, version } = asked === null ? { name: null, version: null } : readAsked(asked);
  const checks = await verifyStore(readStorePlace(options), {
    isAsked: (each) =>
      (name === null || each.release === name) && (version === null || each.version === version),
    signal,
  });
  if (output.json) output.printJson(checks);
  else printChecks(output, checks);
  // Whoever names one expects it: a typo must not look as if all were well.
  if (asked !== null && checks.length === 0) return exitCodes.failed;
  return checks.every(({ state }) => state === "ok") ? exitCodes.done : exitCodes.failed;
}
