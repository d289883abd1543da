import {
  type InstanceEvidence,
  KeelsonError,
  type RecordState,
  type Status,
  compareText,
} from "@keelson/model";
import { findInstanceFolder, listStaged, readStatus, stagedPathOf, verifyStaged } from "@keelson/store";

import { type EngineSettings, wireEngine } from "./node-engine.ts";
import { readRecordState } from "./remembered.ts";
import { parseStatus } from "./status-text.ts";

/**
 * All that this node knows of an instance. Changes nothing. An engine that does not answer is part of the answer. Throws K9018 without the
 * node's key, and what state folder and record throw.
 */
export async function findEvidence(
  settings: EngineSettings,
  { instance, signal }: { instance: string; signal: AbortSignal },
): Promise<InstanceEvidence> {
  const { stateDir } = settings;
  const status = parseStatus(await readStatus(stateDir));
  const told = status?.instances.find(({ name }) => name === instance) ?? null;
  const record = readRecordState(settings);
  return {
    ...(await listOwn(settings, { instance, signal })),
    told,
    commit: status?.source.applied ?? "",
    staged: await findStaged(stateDir, told),
    filesFolder: await findInstanceFolder(stateDir, instance),
    folders: foldersOf(record, instance),
    volumes: volumesOf(record, instance),
  };
}

async function listOwn(
  settings: EngineSettings,
  { instance, signal }: { instance: string; signal: AbortSignal },
): Promise<Pick<InstanceEvidence, "containers" | "engineError">> {
  const engine = await wireEngine(settings);
  try {
    const all = await engine.listContainers(signal);
    const own = all
      .filter((each) => each.instance === instance)
      .sort((a, b) => compareText(a.name, b.name))
      .map(({ id, name, service, image, imageId, state }) => ({ id, name, service, image, imageId, state }));
    return { containers: own, engineError: null };
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    return { containers: null, engineError: error };
  }
}

/** Of two contents of one version, the one that was staged last. */
async function findStaged(
  stateDir: string,
  told: Status["instances"][number] | null,
): Promise<InstanceEvidence["staged"]> {
  if (told === null || told.releaseVersion === undefined) return null;
  const name = told.package.slice(0, told.package.indexOf("/"));
  const found = (await listStaged(stateDir)).findLast(
    ({ release, version }) => release === name && version === told.releaseVersion,
  );
  if (found === undefined) return null;
  const isAsked = ({ entry }: { entry: string }) => entry === found.entry;
  const [check] = await verifyStaged(stateDir, { isAsked, now: null });
  return check === undefined ? null : { ...found, path: stagedPathOf(stateDir, found.entry), check };
}

function foldersOf({ folders = {} }: RecordState, instance: string): InstanceEvidence["folders"] {
  return Object.entries(folders)
    .filter(([, known]) => known.instance === instance)
    .map(([path, { state }]) => ({ path, isUsed: state === "used" }))
    .sort((a, b) => compareText(a.path, b.path));
}

function volumesOf({ volumes }: RecordState, instance: string): InstanceEvidence["volumes"] {
  return Object.entries(volumes)
    .filter(
      ([, { users, state }]) => state !== "lost" && users.some((user) => user.startsWith(`${instance}/`)),
    )
    .map(([name, { state }]) => ({ name, isUsed: state === "used" }))
    .sort((a, b) => compareText(a.name, b.name));
}
