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
  // Nothing of the output is hidden, so the secrets file is not needed: a broken one must keep nobody out.
  const settings = { ...readEngineSettings(options), secretsFile: null };
  const composeBinary = await findComposeBinary(process.env);
  const { stdout, stderr } = process;
  return runService(
    { ...settings, composeBinary },
    { ...job, isForced: options.force === true, stdout, stderr, signal },
  );
}
