import {
  type Environment,
  type EnvironmentFolder,
  type Instance,
  type LocalPackage,
  type Located,
  type NodeDocument,
  type PackageFolder,
  type ReleaseFolder,
  type Repository,
  compareText,
  isLocalReference,
  projectOf,
  ownOf,
} from "@keelson/model";

/** A package of a release in its locked version, or a local one as the revision has it. */
export type FoundPackage =
  | { release: ReleaseFolder; package: PackageFolder }
  | { release: null; package: LocalPackage };

/** An instance of this node, with the package that it runs. */
export type PlacedInstance = FoundPackage & {
  name: string;
  instance: Instance;
  /** Its Compose project. */
  project: string;
};

/** The instances of a node, sorted by name; `absent` ones and those of other nodes are not in it. */
export function placeInstances(
  repository: Repository,
  { environment: folder, node }: { environment: EnvironmentFolder; node: NodeDocument },
): PlacedInstance[] {
  const { lock, environment } = folder;
  const placed: PlacedInstance[] = [];
  for (const [name, instance] of Object.entries(environment.value.instances)) {
    const found = findPackage(repository, { lock, reference: instance.package });
    if (found === null || instance.state === "absent") continue;
    const project = instance.project ?? projectOf(environment.value.name, name);
    if (isPlacedOn(node, { instance, folder: found.package }))
      placed.push({ name, instance, project, ...found });
  }
  return placed.sort((a, b) => compareText(a.name, b.name));
}

/** The package that a reference means: of a release in the locked version, or the local one; null where it cannot be read. */
export function findPackage(
  repository: Repository,
  { lock, reference }: { lock: EnvironmentFolder["lock"]; reference: string },
): FoundPackage | null {
  if (isLocalReference(reference)) {
    const local = repository.local.get(reference);
    return local === undefined ? null : { release: null, package: local };
  }
  const [releaseName = "", packageName = ""] = reference.split("/");
  const version = ownOf(lock?.value.releases, releaseName)?.version;
  const release = repository.releases.get(`${releaseName}@${version}`);
  const folder = release?.packages.get(packageName);
  return release === undefined || folder === undefined ? null : { release, package: folder };
}

/** The document in which an instance stands: the last layer that has it, whose entry counts. */
export function layerOfInstance(
  { layers, environment }: Pick<EnvironmentFolder, "layers" | "environment">,
  name: string,
): Located<Environment> {
  return layers.findLast(({ value }) => Object.hasOwn(value.instances, name)) ?? environment;
}

/** Without its package, the role of which is not known, an instance can be anywhere. */
export function isPlacedOn(
  node: NodeDocument,
  { instance, folder }: { instance: Instance; folder: PackageFolder | null },
): boolean {
  if (instance.on?.node !== undefined) return instance.on.node === node.name;
  const role = instance.on?.role ?? folder?.package.value.role;
  return role === undefined || node.roles.includes(role);
}

export interface Provider {
  instance: string;
  project: string;
  version: string;
}

/** Who provides each interface among the placed instances. */
export function findProviders(placed: readonly PlacedInstance[]): Map<string, Provider> {
  const providers = new Map<string, Provider>();
  for (const { name, project, package: folder } of placed) {
    for (const [provided, version] of Object.entries(folder.package.value.provides)) {
      providers.set(provided, { instance: name, project, version });
    }
  }
  return providers;
}

/** The interfaces that instances of the environment provide, on whatever node they are. */
export function findProvided(repository: Repository, { lock, environment }: EnvironmentFolder): Set<string> {
  const present = Object.values(environment.value.instances).filter(({ state }) => state !== "absent");
  const packages = present.flatMap(
    ({ package: reference }) => findPackage(repository, { lock, reference })?.package ?? [],
  );
  return new Set(packages.flatMap((folder) => Object.keys(folder.package.value.provides)));
}
