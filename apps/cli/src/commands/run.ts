import { findComposeBinary, runService } from "@keelson/node";

import { type EngineOptions, readEngineSettings } from "./logs.ts";

/** Runs a service of an instance once more on this node. Returns its exit code. */
export async function run(
  options: EngineOptions,
  { signal, ...job }: { instance: string; service: string; command: readonly string[]; signal: AbortSignal },
): Promise<number> {
  // Nothing of the output is hidden, so the secrets file is not needed: a broken one must keep nobody out.
  const settings = { ...readEngineSettings(options), secretsFile: null };
  const composeBinary = await findComposeBinary(process.env);
  const { stdout, stderr } = process;
  return runService({ ...settings, composeBinary }, { ...job, stdout, stderr, signal });
}
