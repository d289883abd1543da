import type {
  EnvironmentFolder,
  Instance,
  NodeDocument,
  PackageFolder,
  ReleaseFolder,
  Repository,
} from "@keelson/model";
import { compareText } from "@keelson/model";

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
  on: { environment: EnvironmentFolder; node: NodeDocument },
): PlacedInstance[] {
  const lock = on.environment.lock?.value;
  const placed: PlacedInstance[] = [];
  for (const [name, instance] of Object.entries(on.environment.environment.value.instances)) {
    const [releaseName = "", packageName = ""] = instance.package.split("/");
    const version = lock?.releases[releaseName]?.version;
    const release = repository.releases.get(`${releaseName}@${version}`);
    const folder = release?.packages.get(packageName);
    if (release === undefined || folder === undefined || instance.state === "absent") continue;
    if (isPlacedOn(on.node, instance, folder)) placed.push({ name, instance, release, package: folder });
  }
  return placed.sort((a, b) => compareText(a.name, b.name));
}

function isPlacedOn(node: NodeDocument, instance: Instance, folder: PackageFolder): boolean {
  if (instance.on?.node !== undefined) return instance.on.node === node.name;
  const role = instance.on?.role ?? folder.package.value.role;
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
