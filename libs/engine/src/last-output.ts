import { readLogEnd } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import { inspectContainer } from "./observed-container.ts";

/** The last lines that a container wrote, bounded and clean; says so when there are none. */
export async function readLastOutput(
  engine: Engine,
  { id, signal }: { id: string; signal: AbortSignal },
): Promise<string> {
  const info = await inspectContainer(engine, { id, signal });
  return info === null ? "(no container)" : (await readLogEnd({ engine, signal }, info)).message;
}
