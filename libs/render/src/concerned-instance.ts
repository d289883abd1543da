import {
  type EnvironmentFolder,
  type Problem,
  type Repository,
  compareText,
  parseKeyPath,
  sealedSecretsFile,
} from "@keelson/model";

import { findUnread } from "./instance-place.ts";

/**
 * The problems of documents, with the instances of an environment that each concerns: by the file that it stands in, and by its
 * key. What says nothing of single instances concerns the whole commit.
 */
export function withConcerned(
  problems: readonly Problem[],
  scene: { repository: Repository; environment: EnvironmentFolder | undefined },
): Problem[] {
  const { repository, environment } = scene;
  if (environment === undefined) return [...problems];
  const context = { repository, environment, packages: listPackages(environment) };
  return problems.map((problem) => {
    if (problem.instances !== undefined) return problem;
    const instances = [...new Set(findConcerned(problem, context))].sort(compareText);
    return instances.length === 0 ? problem : { ...problem, instances };
  });
}

interface Context {
  repository: Repository;
  environment: EnvironmentFolder;
  /** The package of each instance; empty where its entry cannot be read. */
  packages: ReadonlyMap<string, string>;
}

function listPackages(environment: EnvironmentFolder): Map<string, string> {
  const unread = findUnread(environment).map((name) => [name, ""] as const);
  const read = Object.entries(environment.environment.value.instances).map(
    ([name, instance]) => [name, instance.package] as const,
  );
  return new Map([...unread, ...read]);
}

function findConcerned({ file, path }: Problem, context: Context): string[] {
  const { environment, packages } = context;
  const own = file.startsWith(`${environment.folder}/`) ? file.slice(environment.folder.length + 1) : "";
  const key = parseKeyPath(path);
  const isDocument =
    own === "lock.yaml" ||
    own.startsWith("nodes/") ||
    environment.layers.some((layer) => layer.file === file);
  if (isDocument) return findByKey(key, packages);
  if (own === sealedSecretsFile) return findByOwner(key, context);
  // A name that no instance has holds nobody else: it is somebody's mistake, or a left-over.
  const [, instance] =
    /^(?:compose\/([^/]+)\.yaml|secrets\/([^/]+)\.sops\.yaml)$/.exec(own)?.filter(Boolean) ?? [];
  if (instance !== undefined) return [instance];
  return findByFile(file, context);
}

function findByKey(
  [part, name = "", entry = ""]: readonly string[],
  packages: Context["packages"],
): string[] {
  switch (part) {
    case "instances":
      return packages.has(name) ? [name] : [];
    case "commands":
      // One for an instance that is there no more concerns nobody else.
      return [name];
    case "settings":
    case "releases":
      return usersOf(packages, (reference) => reference.startsWith(`${name}/`));
    case "images":
      return usersOf(packages, (reference) => reference === name.slice(0, name.lastIndexOf("/")));
    case "policy":
      return name === "allow" ? usersOf(packages, (reference) => reference === entry) : [];
    default:
      return [];
  }
}

/** A value in Git is for a release, or for the instance of that name. */
function findByOwner([owner = ""]: readonly string[], { environment, packages }: Context): string[] {
  if (Object.hasOwn(environment.environment.value.releases, owner))
    return usersOf(packages, (reference) => reference.startsWith(`${owner}/`));
  return packages.has(owner) ? [owner] : [];
}

function findByFile(file: string, { repository, packages }: Context): string[] {
  const [, release = "", inRelease] = /^releases\/([^/]+)\/[^/]+\/(?:packages\/([^/]+)\/)?/.exec(file) ?? [];
  if (inRelease !== undefined)
    return usersOf(packages, (reference) => reference === `${release}/${inRelease}`);
  if (release !== "") return usersOf(packages, (reference) => reference.startsWith(`${release}/`));
  return usersOf(
    packages,
    (reference) =>
      (reference !== "" && file.startsWith(`${reference.slice("./".length)}/`)) ||
      repository.local.get(reference)?.reached.has(file) === true,
  );
}

function usersOf(packages: Context["packages"], isPackage: (reference: string) => boolean): string[] {
  return [...packages].flatMap(([name, reference]) => (isPackage(reference) ? [name] : []));
}
