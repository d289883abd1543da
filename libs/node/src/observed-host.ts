import { type Engine, engineInfo, findHostPath } from "@keelson/engine";
import type { HostPath, ObservedHost } from "@keelson/model";
import { resolveExisting, resolvePaths } from "@keelson/store";

import type { NodeSettings } from "./node-settings.ts";

/** Who writes to one of these is root. Containerd is what the engine runs containers with. */
const rootSockets = ["/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock"];

type HostSettings = Pick<
  NodeSettings,
  "stateDir" | "keyFile" | "secretsFile" | "ownFiles" | "dataDir" | "dataFolders"
>;

/** Where paths of the host lead, as the engine will find them. Throws K3001 and K3009 when the engine does not tell where its data is. */
export async function observeHost(
  paths: readonly string[],
  { settings, engine }: { settings: HostSettings; engine: Engine },
): Promise<ObservedHost> {
  const { stateDir, keyFile, secretsFile, ownFiles, dataDir, dataFolders } = settings;
  const { rootDir } = await engineInfo(engine);
  const socket = engine.dockerHost.startsWith("unix://") ? [engine.dockerHost.slice("unix://".length)] : [];
  const files = [keyFile, ...(secretsFile === null ? [] : [secretsFile]), ...ownFiles];
  return {
    paths: await lookAt(paths, engine),
    engineSockets: await placesOf([...socket, ...rootSockets], engine),
    engineRoot: rootDir === "" ? "" : await resolveExisting(rootDir),
    stateDir: await placeOf(stateDir, engine),
    ownFiles: await placesOf(files, engine),
    dataFolders: await placesOf([dataDir, ...Object.values(dataFolders)], engine),
  };
}

async function placesOf(paths: readonly string[], engine: Engine): Promise<string[]> {
  return [...new Set(await Promise.all(paths.map(async (path) => placeOf(path, engine))))];
}

/** Where something that this process uses is on the engine's machine. Links are followed where this process sees them. */
async function placeOf(path: string, engine: Engine): Promise<string> {
  const place = (await findHostPath(engine, path)) ?? path;
  return place === path ? resolveExisting(path) : place;
}

/** The engine takes every path as one of its own machine; what this process sees there may be something else. */
async function lookAt(paths: readonly string[], engine: Engine): Promise<ObservedHost["paths"]> {
  const hidden: Record<string, HostPath> = {};
  for (const path of paths) {
    const fault = await findBlindness(path, engine);
    if (fault !== "") hidden[path] = { real: null, fault };
  }
  return { ...(await resolvePaths(paths.filter((path) => hidden[path] === undefined))), ...hidden };
}

/** Why a path cannot be looked at from here; empty when it can. */
async function findBlindness(path: string, engine: Engine): Promise<string> {
  if (!engine.isLocal) return "the engine is on another machine";
  if ((await findHostPath(engine, path)) === path) return "";
  return "Keelson runs in a container that does not have it at the same path";
}
