import { afterAll, beforeAll, beforeEach, onTestFailed } from "vitest";
import { type Node, type NodeOptions, startNode } from "./node.ts";
import type { Platform, PlatformOptions } from "./platform-shape.ts";
import { startPlatform } from "./start-platform.ts";

export { stayOn } from "./node.ts";
export { startPlatform } from "./start-platform.ts";
export type { Node, NodeOptions } from "./node.ts";
export type { Platform, PlatformOptions } from "./platform-shape.ts";
export type { ReconcileOptions, Round, RunningAgent } from "./agent-process.ts";
export type { Container } from "./containers.ts";
export type { StayingAgent } from "./staying-agent.ts";
export type { Change, Changes } from "./state-repository.ts";

/** Runs a scenario on a platform of its own. When it fails, its error names a folder with what helps to understand it. */
export async function withPlatform(
  options: PlatformOptions,
  run: (platform: Platform) => Promise<void>,
): Promise<void> {
  await using platform = await startPlatform(options);
  await keepingArtefacts(platform, async () => run(platform));
}

/** The same for a platform whose agent stays. */
export async function withNode(options: NodeOptions, run: (node: Node) => Promise<void>): Promise<void> {
  await using node = await startNode(options);
  await keepingArtefacts(node, async () => run(node));
}

/** One platform for all tests of a `describe`, which build on one another. */
export function usePlatform(options: PlatformOptions): () => Platform {
  return useStarted(async () => startPlatform(options));
}

/** The same for a platform whose agent stays. */
export function useNode(options: NodeOptions): () => Node {
  return useStarted(async () => startNode(options));
}

async function keepingArtefacts(platform: Platform, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const folder = await platform.keepArtefacts();
    if (error instanceof Error) error.message += `\nartefacts are in ${folder}`;
    throw error;
  }
}

function useStarted<P extends Platform>(start: () => Promise<P>): () => P {
  let started: P | undefined;
  const get = () => {
    if (started === undefined) throw new Error("the platform did not start");
    return started;
  };
  beforeAll(async () => {
    started = await start();
  });
  beforeEach(() => {
    onTestFailed(async () => {
      process.stderr.write(`artefacts are in ${await get().keepArtefacts()}\n`);
    });
  });
  afterAll(async () => started?.[Symbol.asyncDispose]());
  return get;
}
