import {
  type DesiredInstance,
  type KnownFolder,
  type KnownVolume,
  type MountPlace,
  type ObservedContainer,
  type ObservedDataFolder,
  type ObservedVolume,
  type RecordState,
  dataToken,
  ownOf,
} from "@keelson/model";

import { type FolderState, findFolderStates, isAbsent } from "./folder-state.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { partsOfVolume } from "./volume-use.ts";

/**
 * The node with the data in its folders as if that lay in volumes, under their paths: what may not begin empty is one thing. Of
 * data folders only: a single file is a person's or Git's. Of a node that is like this already, the same.
 */
export function withFolderData(node: SimulatedNode): SimulatedNode {
  const { desired, observed, record } = node;
  const states = desired.instances
    .flatMap((instance) => findFolderStates(instance, node))
    .filter(({ folder }) => folder.kind === "folder");
  const found = observed.dataFolders ?? [];
  if (found.length === 0) return node;
  const empty = new Set(states.filter(beginsEmpty).flatMap((state) => state.found?.path ?? []));
  const known = Object.fromEntries(
    Object.entries(record.folders ?? {})
      .filter((each) => isData(each, { states, found, dataDir: observed.dataDir?.path ?? "" }))
      .map(([path, { users, package: of, state }]): [string, KnownVolume] => [
        path,
        { users, package: of, state },
      ]),
  );
  const filled = found.filter(({ state }) => state === "filled").map(({ path }) => path);
  const there = filled.filter((path) => observed.volumes.every(({ name }) => name !== path));
  return {
    desired: {
      ...desired,
      instances: desired.instances.map((instance) => withPlaces(instance, { states, empty })),
    },
    observed: {
      ...observed,
      containers: observed.containers.map((each) => withBinds(each, { found, empty })),
      volumes: [...observed.volumes, ...there.map(asVolume)],
    },
    record: { ...record, volumes: { ...record.volumes, ...known } },
  };
}

/** Whether what the engine calls a volume is a data folder. */
export function isFolder(name: string): boolean {
  return name.startsWith("/");
}

/** What a Compose file calls a volume, or binds. */
export function keyOf(name: string, { folders = {} }: Pick<RecordState, "folders">): string {
  return isFolder(name) ? `./${ownOf(folders, name)?.source ?? name}` : partsOfVolume(name).key;
}

/** Nothing is in it, and nothing comes there with the revision. */
function beginsEmpty(state: FolderState): boolean {
  return (isAbsent(state) || state.found?.state === "empty") && state.folder.files.length === 0;
}

/** What had data, and is not just at another place because agent.yaml says so. */
function isData(
  [path, known]: [string, KnownFolder],
  {
    states,
    found,
    dataDir,
  }: { states: readonly FolderState[]; found: readonly ObservedDataFolder[]; dataDir: string },
): boolean {
  const isFile = found.some((each) => each.path === path && each.state === "file");
  // By `was` an instance has another one's place in the same folder: that is no move of its own data.
  const isByWas = (to: string) =>
    [path, to].every((each) => isOrdinary(each, { dataDir, source: known.source }));
  const isMoved = states.some(
    (each) =>
      each.found !== undefined &&
      each.found.path !== path &&
      each.folder.source === known.source &&
      (each.instance.name === known.instance || each.instance.was === known.instance) &&
      !isByWas(each.found.path),
  );
  return known.wasFilled && !isFile && !isMoved;
}

/** Where data lies unless agent.yaml names another place for its instance. */
function isOrdinary(path: string, { dataDir, source }: { dataDir: string; source: string }): boolean {
  const inside = path.startsWith(`${dataDir}/`) ? path.slice(dataDir.length + 1) : "";
  const [, ...rest] = inside.split("/");
  return inside !== "" && rest.join("/") === (source === "." ? "" : source);
}

function withPlaces(
  instance: DesiredInstance,
  { states, empty }: { states: readonly FolderState[]; empty: ReadonlySet<string> },
): DesiredInstance {
  const paths = new Map(
    states
      .filter((each) => each.instance.name === instance.name)
      .map(({ folder: { source }, found }) => [
        source === "." ? dataToken : `${dataToken}/${source}`,
        found?.path ?? "",
      ]),
  );
  const services = instance.services.map((service) => ({
    ...service,
    places: service.places.map((place) => inFolder(place, { path: paths.get(place.source ?? ""), empty })),
  }));
  return { ...instance, services };
}

function withBinds(
  container: ObservedContainer,
  { found, empty }: { found: readonly ObservedDataFolder[]; empty: ReadonlySet<string> },
): ObservedContainer {
  const paths = new Set(found.filter(({ state }) => state !== "file").map(({ path }) => path));
  const bound = container.binds.filter((path) => paths.has(path));
  if (bound.length === 0) return container;
  return {
    ...container,
    volumes: [...new Set([...container.volumes, ...bound])],
    places: (container.places ?? []).map((place) =>
      inFolder(place, { path: bound.find((path) => path === place.source), empty }),
    ),
  };
}

function inFolder(
  place: MountPlace,
  { path = "", empty }: { path: string | undefined; empty: ReadonlySet<string> },
): MountPlace {
  if (path === "") return place;
  return { ...place, kind: empty.has(path) ? "volume" : "bind", volume: path };
}

function asVolume(path: string): ObservedVolume {
  return { name: path, ownership: "ours", flaw: "", project: "", digest: "", format: null, generation: 1 };
}
