import { findOrphanVolumes } from "@keelson/node";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printOrphans } from "../print/orphans.ts";
import { type EngineOptions, readEngineSettings } from "./logs.ts";

/** Lists what lies on this node and is used by nothing that is desired; removes nothing. */
export async function audit(
  options: EngineOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const settings = readEngineSettings(options);
  const found = await findOrphanVolumes(settings, { signal });
  if (output.json) output.printJson({ environment: settings.environment, ...found });
  else printOrphans(output, found);
  return exitCodes.done;
}
