import type { EnvironmentFolder, SealedFile } from "@keelson/model";

import type { PlacedInstance } from "./placement.ts";

/**
 * Every encrypted file that a node has to open, the weakest first: what the folder of a package says gives way to the environment,
 * and that to the instance. A file of several instances is there once.
 */
export function listSealed(placed: readonly PlacedInstance[], environment: EnvironmentFolder): SealedFile[] {
  const ofFolders = placed.flatMap((each) =>
    folderFiles(each, environment).map((file) => ({ file, instance: each.name })),
  );
  const byPath = Map.groupBy(ofFolders, ({ file }) => file.path);
  const shared = [...byPath.values()].flatMap((users) =>
    users.slice(0, 1).map(({ file }) => ({ ...file, instances: users.map(({ instance }) => instance) })),
  );
  const own = placed.flatMap((each) => {
    const file = instanceFile(each, environment);
    return file === null ? [] : [{ ...file, instances: [each.name] }];
  });
  return [...shared, ...environment.sealed, ...own];
}

/**
 * The secrets that templates of an instance may name, with the names by which the rest of Keelson knows them. A release declares its own,
 * and the file of the instance may give one another value; a local package has those that Git holds for it.
 */
export function namesOfSecrets(placed: PlacedInstance, environment: EnvironmentFolder): [string, string][] {
  const { name: instance } = placed;
  const own = keysOf(instanceFile(placed, environment));
  const release = placed.release?.release.value;
  if (release !== undefined) {
    return Object.keys(release.secrets).map((name) => [
      name,
      `${own.includes(name) ? instance : release.name}.${name}`,
    ]);
  }
  const ofFolder = folderFiles(placed, environment).filter(({ format }) => format === "yaml");
  const inEnvironment = environment.sealed.flatMap(({ values }) =>
    values.flatMap(({ path: [first, name = ""] }) =>
      first === instance && hasOwnSecrets(instance, environment) ? [name] : [],
    ),
  );
  const names = new Set([...ofFolder.flatMap(keysOf), ...inEnvironment, ...own]);
  return [...names].map((name) => [name, `${instance}.${name}`]);
}

function folderFiles(placed: PlacedInstance, environment: EnvironmentFolder): readonly SealedFile[] {
  if (placed.release !== null) return [];
  const { sealed } = placed.package;
  return hasOwnSecrets(placed.name, environment)
    ? sealed
    : sealed.filter(({ format }) => format === "dotenv");
}

function instanceFile({ name }: PlacedInstance, environment: EnvironmentFolder): SealedFile | null {
  return hasOwnSecrets(name, environment) ? (environment.sealedInstances.get(name) ?? null) : null;
}

/** Under the name of a release stand its own secrets, which are for its packages alone. */
function hasOwnSecrets(instance: string, { environment }: EnvironmentFolder): boolean {
  return !Object.hasOwn(environment.value.releases, instance);
}

function keysOf(file: SealedFile | null): string[] {
  return file?.values.flatMap(({ path: [name = ""] }) => name) ?? [];
}
