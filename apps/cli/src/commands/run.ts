import { findComposeBinary, runService } from "@keelson/node";

import { type EngineOptions, readEngineSettings } from "./logs.ts";

export interface RunOptions extends EngineOptions {
  force?: boolean;
}

/** Runs a service of an instance once more on this node. Returns its exit code. */
export async function run(
  options: RunOptions,
  { signal, ...job }: { instance: string; service: string; command: readonly string[]; signal: AbortSignal },
): Promise<number> {
  const composeBinary = await findComposeBinary(process.env);
  const { stdout, stderr } = process;
  return runService(
    { ...readEngineSettings(options), composeBinary },
    { ...job, isForced: options.force === true, stdout, stderr, signal },
  );
}
