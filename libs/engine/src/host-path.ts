import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";

import type { Engine } from "./engine.ts";
import { listOf, recordOf, textOf } from "./json-reader.ts";
import { askEngine, hasStatus } from "./request.ts";

/**
 * Path of a folder of this process as the engine sees it, which takes every path as one of its own machine. It differs only
 * when this process runs in a container of that engine; null for a folder inside the container, which has no path there. Throws K3001 and K3009.
 */
export async function findHostPath(engine: Engine, folder: string): Promise<string | null> {
  const id = ownContainerId(await readMounts());
  if (id === null) return folder;
  const found = await inspect(engine, id);
  if (found === null) return folder;
  const mounts = listOf(found["Mounts"]).map(recordOf).map(describeMount);
  // The deepest one that the folder lies below covers the others.
  const [mount] = mounts
    .filter(({ destination }) => !relative(destination, folder).startsWith(".."))
    .sort((a, b) => b.destination.length - a.destination.length);
  return mount === undefined ? null : join(mount.source, relative(mount.destination, folder));
}

function describeMount(mount: Record<string, unknown>): { source: string; destination: string } {
  return { source: textOf(mount["Source"]), destination: textOf(mount["Destination"]) };
}

/**
 * The id of the container that a process with these mounts (proc_pid_mountinfo(5)) runs in: the engine mounts a
 * container's name and name servers from a folder that is named by its id. null: no container, or one of another kind.
 */
export function ownContainerId(mounts: string): string | null {
  return /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf) \/etc\//.exec(mounts)?.[1] ?? null;
}

async function readMounts(): Promise<string> {
  try {
    return await readFile("/proc/self/mountinfo", "utf8");
  } catch {
    // Not a Linux, or one without /proc: no container either.
    return "";
  }
}

/** null: this engine has no such container, so the process is in one of another engine. */
async function inspect(engine: Engine, id: string): Promise<Record<string, unknown> | null> {
  try {
    const what = "tell where the agent's own container has its folders";
    return recordOf(await askEngine(engine, { what, send: () => engine.docker.getContainer(id).inspect() }));
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
