import {
  type EnvironmentFolder,
  type Instance,
  type NodeDocument,
  type PackageFolder,
  type ReleaseFolder,
  type Repository,
  compareText,
} from "@keelson/model";

/** An instance of this node, with the package that the lock says it runs. */
export interface PlacedInstance {
  name: string;
  instance: Instance;
  release: ReleaseFolder;
  package: PackageFolder;
}

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
    if (isPlacedOn(node, { instance, folder: found.package })) placed.push({ name, instance, ...found });
  }
  return placed.sort((a, b) => compareText(a.name, b.name));
}

/** A package (`<release>/<package>`) in the locked version of its release, or null. */
export function findPackage(
  repository: Repository,
  { lock, reference }: { lock: EnvironmentFolder["lock"]; reference: string },
): Pick<PlacedInstance, "release" | "package"> | null {
  const [releaseName = "", packageName = ""] = reference.split("/");
  const version = lock?.value.releases[releaseName]?.version;
  const release = repository.releases.get(`${releaseName}@${version}`);
  const folder = release?.packages.get(packageName);
  return release === undefined || folder === undefined ? null : { release, package: folder };
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
  version: string;
}

/** Who provides each interface among the placed instances. */
export function findProviders(placed: readonly PlacedInstance[]): Map<string, Provider> {
  const providers = new Map<string, Provider>();
  for (const { name, package: folder } of placed) {
    for (const [provided, version] of Object.entries(folder.package.value.provides)) {
      providers.set(provided, { instance: name, version });
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
