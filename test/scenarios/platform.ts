import { afterAll, beforeAll, beforeEach, onTestFailed } from "vitest";
import type { Platform, PlatformOptions } from "./platform-shape.ts";
import { startPlatform } from "./start-platform.ts";

export { startPlatform } from "./start-platform.ts";
export type { Platform, PlatformOptions } from "./platform-shape.ts";
export type { ReconcileOptions, Round, RunningAgent } from "./agent-process.ts";
export type { Container } from "./containers.ts";
export type { Change, Changes } from "./state-repository.ts";

/** Runs a scenario on a platform of its own. When it fails, its error names a folder with what helps to understand it. */
export async function withPlatform(
  options: PlatformOptions,
  run: (platform: Platform) => Promise<void>,
): Promise<void> {
  await using platform = await startPlatform(options);
  try {
    await run(platform);
  } catch (error) {
    const folder = await platform.keepArtefacts();
    if (error instanceof Error) error.message += `\nartefacts are in ${folder}`;
    throw error;
  }
}

/** One platform for all tests of a `describe`, which build on one another. */
export function usePlatform(options: PlatformOptions): () => Platform {
  let platform: Platform | undefined;
  const get = () => {
    if (platform === undefined) throw new Error("the platform did not start");
    return platform;
  };
  beforeAll(async () => {
    platform = await startPlatform(options);
  });
  beforeEach(() => {
    onTestFailed(async () => {
      process.stderr.write(`artefacts are in ${await get().keepArtefacts()}\n`);
    });
  });
  afterAll(async () => platform?.[Symbol.asyncDispose]());
  return get;
}
