import {
  compareText,
  keyPath,
  type Environment,
  type EnvironmentFolder,
  type Instance,
  type Located,
  type NodeDocument,
  type PackageFolder,
  type ReleaseFolder,
  isLocalReference,
  ownOf,
} from "@keelson/model";

import { type EnvironmentDocuments, nodeNames } from "./environment-folder.ts";
import type { LocalPackages } from "./local-packages.ts";
import type { RepositoryTree } from "./tree.ts";

/** One environment with all that its documents refer to. */
export interface Scene {
  name: string;
  environment: EnvironmentFolder;
  documents: EnvironmentDocuments;
  tree: RepositoryTree;
  releases: ReadonlyMap<string, ReleaseFolder>;
  local: LocalPackages;
  /** Sorted by name; those that are to be absent are left out. */
  instances: readonly PlacedInstance[];
  /** Names of nodes, also of those whose documents have problems. */
  nodeNames: readonly string[];
}

export interface PlacedInstance {
  name: string;
  instance: Instance;
  /** The layer in which the instance stands. */
  layer: Located<Environment>;
  /** Of a package of a release: its names. */
  release: string;
  packageName: string;
  /** As locked, or as it is in the repository; null when that is not known, for which another check gives a problem. */
  package: PackageFolder | null;
}

/** Brings together what the checks of an environment compare. */
export function sceneOf(found: {
  environment: EnvironmentFolder;
  documents: EnvironmentDocuments;
  tree: RepositoryTree;
  releases: ReadonlyMap<string, ReleaseFolder>;
  local: LocalPackages;
}): Scene {
  const instances = Object.entries(found.environment.environment.value.instances)
    .filter(([, { state }]) => state !== "absent")
    .map(([name, instance]) => placeInstance(found, { name, instance }))
    .sort((a, b) => compareText(a.name, b.name));
  return { ...found, name: found.documents.name, instances, nodeNames: nodeNames(found.documents.files) };
}

function placeInstance(
  context: Pick<Scene, "environment" | "releases" | "local">,
  { name, instance }: { name: string; instance: Instance },
): PlacedInstance {
  const layer = layerOf(context, { part: "instances", name });
  if (isLocalReference(instance.package)) {
    const found = context.local.packages.get(instance.package) ?? null;
    return { name, instance, layer, release: "", packageName: "", package: found };
  }
  const [release = "", packageName = ""] = instance.package.split("/");
  const folder = lockedFolder(context, release);
  const found =
    folder === null ? undefined : context.releases.get(releaseKey(folder))?.packages.get(packageName);
  return { name, instance, layer, release, packageName, package: found ?? null };
}

/** `releases/<name>/<version>` as the lock has it, or null. */
export function lockedFolder(scene: Pick<Scene, "environment">, release: string): string | null {
  const { lock } = scene.environment;
  const locked = lock === null ? undefined : ownOf(lock.value.releases, release);
  return locked === undefined ? null : `releases/${release}/${locked.version}`;
}

/** Whether a document says something that is wrong there, and is left out: that it is not there is nobody else's mistake. */
export function isLeftOut({ leftOut = [] }: Located<unknown>, path: readonly string[]): boolean {
  return leftOut.some((left) => path.some((_, at) => keyPath(path.slice(0, at + 1)) === left));
}

/** The same of the environment, in any of its layers. */
export function isLeftOutOf(scene: Pick<Scene, "environment">, path: readonly string[]): boolean {
  return scene.environment.layers.some((layer) => isLeftOut(layer, path));
}

/** The key of `Repository.releases` for a folder. */
export function releaseKey(folder: string): string {
  return folder.replace(/^releases\//, "").replace("/", "@");
}

/** The last layer that has the key: the one whose value counts. */
export function layerOf(
  scene: Pick<Scene, "environment">,
  { part, name }: { part: "instances" | "releases"; name: string },
): Located<Environment> {
  const { layers, environment } = scene.environment;
  return layers.findLast(({ value }) => Object.hasOwn(value[part], name)) ?? environment;
}

/** Nodes on which an instance is placed; those whose documents have problems are not among them. */
export function nodesOf(scene: Scene, placed: PlacedInstance): Located<NodeDocument>[] {
  const role = roleOf(placed);
  const node = placed.instance.on?.node;
  return [...scene.environment.nodes].flatMap(([name, document]) => {
    if (node !== undefined) return name === node ? [document] : [];
    return role === undefined || document.value.roles.includes(role) ? [document] : [];
  });
}

/** The role by which an instance is placed: its own, or its package's when it says nothing. */
export function roleOf({ instance, package: folder }: PlacedInstance): string | undefined {
  return instance.on === undefined ? folder?.package.value.role : instance.on.role;
}
