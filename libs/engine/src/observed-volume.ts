import {
  type DesiredVolume,
  KeelsonError,
  type MadeHere,
  type NodeSecrets,
  type ObservedVolume,
  composeLabels,
  labels,
  quote,
  resourceIds,
  transient,
} from "@keelson/model";
import type { VolumeInspectInfo } from "dockerode";

import { boundFolderOf } from "./bound-folder.ts";
import type { Engine } from "./engine.ts";
import { listOf, recordOf, textOf } from "./json-reader.ts";
import { type Labels, adopterOf, labelOf } from "./ownership.ts";
import { askEngine, hasStatus, unreadable } from "./request.ts";
import { findVolumeFlaw } from "./volume-definition.ts";

export interface VolumeQuestion {
  environment: string;
  volumes: readonly DesiredVolume[];
  externalVolumes: readonly string[];
  ownershipOf: NodeSecrets["ownershipOf"];
  madeHere: MadeHere;
  signal?: AbortSignal | undefined;
}

/** All that the engine lists. */
export interface VolumeList {
  volumes: VolumeInspectInfo[];
  isComplete: boolean;
}

/**
 * The desired volumes, those that somebody else keeps, and the environment's others, which are no longer desired. Also those that this node made in another
 * environment: they may be what was used before.
 */
export async function observeVolumes(
  engine: Engine,
  { list: { volumes, isComplete }, ...question }: VolumeQuestion & { list: VolumeList },
): Promise<ObservedVolume[]> {
  const { environment, volumes: desired, externalVolumes, ownershipOf, madeHere, signal } = question;
  const wanted = new Map(desired.map((volume) => [volume.name, volume]));
  const names = new Set([...wanted.keys(), ...externalVolumes]);
  const isOurs = ({ Name: name, Labels: all }: VolumeInspectInfo) =>
    ownershipOf(resourceIds.volume(name), (all ?? {})[labels.owner]) === "ours" ||
    adopterOf(madeHere, { kind: "volumes", id: name }) !== "";
  const found = volumes.filter(
    (volume) =>
      names.has(volume.Name) ||
      labelOf(volume.Labels ?? {}, labels.environment) === environment ||
      isOurs(volume),
  );
  if (!isComplete) {
    const listed = new Set(found.map((volume) => volume.Name));
    for (const name of [...names].filter((each) => !listed.has(each))) {
      const volume = await inspectVolume(engine, { name, signal });
      if (volume !== null) found.push(volume);
    }
  }
  return found.map((volume) =>
    describeVolume(volume, { environment, ownershipOf, madeHere, wanted: wanted.get(volume.Name) }),
  );
}

/** What the engine says of a volume; null when there is none. */
export async function inspectVolume(
  engine: Engine,
  { name, signal }: { name: string; signal?: AbortSignal | undefined },
): Promise<VolumeInspectInfo | null> {
  try {
    return await askEngine(engine, {
      what: `inspect volume ${name}`,
      signal,
      send: () => engine.docker.getVolume(name).inspect(),
    });
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

/** With a warning the engine leaves volumes out of its list, because a volume plugin does not answer. */
export async function listVolumes(engine: Engine, signal: AbortSignal | undefined): Promise<VolumeList> {
  const what = "list volumes";
  let isLate = false;
  const answer = await askEngine(engine, {
    what,
    signal,
    send: (abortSignal) => engine.docker.listVolumes({ abortSignal }),
    describeTimeout: (cause) => {
      isLate = true;
      return lateVolumes(engine, { cause, plugins: [] });
    },
  }).catch(async (error: unknown) => {
    throw isLate
      ? lateVolumes(engine, { cause: error, plugins: await listVolumePlugins(engine, signal) })
      : error;
  });
  const volumes = answer.Volumes ?? [];
  if (!("Volumes" in answer) || !Array.isArray(volumes)) throw unreadable(what);
  return { volumes, isComplete: (answer.Warnings ?? []).length === 0 };
}

/** Those that the engine knows beside its own. Throws K3001 where the engine answers nothing at all. */
async function listVolumePlugins(engine: Engine, signal: AbortSignal | undefined): Promise<string[]> {
  const info = await askEngine(engine, {
    what: "list volumes",
    signal,
    send: () => engine.docker.info(),
  });
  return listOf(recordOf(recordOf(info)["Plugins"])["Volume"])
    .map(textOf)
    .filter((name) => name !== "" && name !== "local");
}

/** The engine asks each of its volume plugins, and waits for one that is gone. */
function lateVolumes(
  { timeoutMs }: Engine,
  { cause, plugins }: { cause: unknown; plugins: readonly string[] },
): KeelsonError {
  const named = plugins.length === 0 ? "" : ` It has: ${plugins.map(quote).join(", ")}.`;
  return new KeelsonError({
    code: "K3097",
    message: `the engine answers, but listing volumes took longer than ${timeoutMs / 1000} s: a volume plugin may be gone`,
    hint: `Start the volume plugin again, or remove what is left of it from /run/docker/plugins and /etc/docker/plugins.${named} docker volume ls must end soon.`,
    outcome: transient,
    cause,
  });
}

function describeVolume(
  volume: VolumeInspectInfo,
  {
    environment,
    ownershipOf,
    madeHere,
    wanted,
  }: Pick<VolumeQuestion, "environment" | "ownershipOf" | "madeHere"> & { wanted: DesiredVolume | undefined },
): ObservedVolume {
  const all: Labels = volume.Labels ?? {};
  const bound = boundFolderOf(volume);
  if (all[labels.owner] === undefined && all[labels.environment] === undefined) {
    return { ...describeUnlabelled(volume, { madeHere, wanted }), ...(bound === null ? {} : { bound }) };
  }
  const of = labelOf(all, labels.environment);
  const isElsewhere = of !== "" && of !== environment;
  // One key can be that of a node in several environments.
  const claimed = isElsewhere ? "foreign" : ownershipOf(resourceIds.volume(volume.Name), all[labels.owner]);
  const isComparable = claimed === "ours" && wanted?.digest === labelOf(all, labels.digest);
  const flaw = isComparable ? findVolumeFlaw(volume, wanted.definition) : "";
  return {
    name: volume.Name,
    ownership: flaw === "" ? claimed : "forged",
    flaw,
    project: labelOf(all, composeLabels.project),
    digest: labelOf(all, labels.digest),
    format: numberLabel(all, labels.format),
    generation: numberLabel(all, labels.generation) ?? 1,
    ...(bound === null ? {} : { bound }),
    ...(isElsewhere ? { elsewhere: { environment: of, instance: labelOf(all, labels.instance) } } : {}),
  };
}

/** Of one that somebody else made, only its definition shows what it is; of its data nobody has said anything. */
function describeUnlabelled(
  volume: VolumeInspectInfo,
  { madeHere, wanted }: Pick<VolumeQuestion, "madeHere"> & { wanted: DesiredVolume | undefined },
): ObservedVolume {
  const { Name: name } = volume;
  const differs = wanted === undefined ? "nobody wants it" : findVolumeFlaw(volume, wanted.definition);
  const isAdopted = adopterOf(madeHere, { kind: "volumes", id: name }) !== "";
  return {
    name,
    ownership: isAdopted ? "ours" : "foreign",
    flaw: "",
    project: labelOf(volume.Labels ?? {}, composeLabels.project),
    digest: isAdopted && differs === "" ? (wanted?.digest ?? "") : "",
    differs,
    format: null,
    generation: 1,
  };
}

function numberLabel(all: Labels, name: string): number | null {
  const text = labelOf(all, name);
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
