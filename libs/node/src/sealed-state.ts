import { readWorkTree } from "@keelson/git";
import { followLinks, readRepository } from "@keelson/manifest";
import {
  type EnvironmentFolder,
  KeelsonError,
  type Problem,
  type Repository,
  type SealedFile,
  type SourceFiles,
  compareText,
  decodeText,
  hintFor,
  quote,
  sealedSecretsFile,
  stalled,
} from "@keelson/model";
import { readLocal } from "@keelson/reconcile";

/** Whose secrets a file has: those of an environment, of one of its instances, or of every instance of a folder. */
export type SecretsOwner = { instance: string } | { folder: string } | null;

/** An encrypted file of a work tree. */
export interface OpenedText {
  sealed: SealedFile;
  text: string;
}

/** What an environment has encrypted in a work tree. */
export interface SealedState {
  environment: EnvironmentFolder;
  repository: Repository;
  /** Of the environment, of folders and of instances, the weakest first; files of variables among them. */
  files: OpenedText[];
  /** The age recipients of the nodes by name; null for one whose file names no key. */
  nodes: ReadonlyMap<string, string | null>;
  /** Fails where a file is there and cannot be used. */
  require: (path: string) => OpenedText | null;
}

/** Throws K1110 for an environment that is not there. */
export async function readSealedState(repository: string, environment: string): Promise<SealedState> {
  const snapshot = await readWorkTree(repository);
  const documents = await snapshot.readFiles(["environments/", "releases/"]);
  const local = await readLocal(snapshot, followLinks(documents));
  const read = readRepository(documents, local);
  const folder = read.repository.environments.get(environment);
  if (folder === undefined) throw noEnvironment(environment, read.repository);
  const sources: SourceFiles = new Map([...local.files, ...documents]);
  const files = listFiles(folder, read.repository).flatMap((sealed) => {
    const source = sources.get(sealed.path);
    return source === undefined ? [] : [{ sealed, text: decodeText(source.bytes) }];
  });
  return {
    environment: folder,
    repository: read.repository,
    files,
    nodes: keysOf(folder),
    require: (path) => {
      const found = files.find(({ sealed }) => sealed.path === path) ?? null;
      const problem = read.problems.find(({ file }) => file === path);
      if (sources.has(path) && (found === null || problem !== undefined)) throw unusable(path, problem);
      return found;
    },
  };
}

/** What a folder has gives way to the environment, and that to the instance. */
function listFiles(folder: EnvironmentFolder, repository: Repository): SealedFile[] {
  const ofFolders = [...repository.local].flatMap(([reference, { sealed }]) => {
    const all = instancesOf(folder, reference);
    // Under the name of a release stand its own secrets.
    const own = all.filter((name) => !Object.hasOwn(folder.environment.value.releases, name));
    if (all.length === 0) return [];
    return sealed.map((file) => ({ ...file, instances: file.format === "dotenv" ? all : own }));
  });
  const ofInstances = [...folder.sealedInstances].map(([name, file]) => ({ ...file, instances: [name] }));
  const byPath = Map.groupBy([...ofFolders, ...folder.sealed, ...ofInstances], ({ path }) => path);
  return [...byPath.values()].flatMap((same) => {
    const instances = same.flatMap((file) => file.instances ?? []);
    return same
      .slice(0, 1)
      .map((file) => ({ ...file, instances: file.instances === null ? null : instances }));
  });
}

/** The instances of a package in an environment. */
export function instancesOf({ environment }: EnvironmentFolder, reference: string): string[] {
  return Object.entries(environment.value.instances)
    .filter(([, instance]) => instance.package === reference)
    .map(([name]) => name);
}

function keysOf({ nodes }: EnvironmentFolder): Map<string, string | null> {
  return new Map([...nodes].map(([name, { value }]) => [name, value.keys?.age ?? null]));
}

/** Path in the repository of the file that has the secrets of an owner, there or not. */
export function pathOfSecrets({ environment }: SealedState, owner: SecretsOwner): string {
  if (owner === null) return `${environment.folder}/${sealedSecretsFile}`;
  return "folder" in owner
    ? `${owner.folder}/${sealedSecretsFile}`
    : `${environment.folder}/secrets/${owner.instance}.sops.yaml`;
}

/**
 * The nodes that have to open a file of an owner, by name, with their keys. A folder may have instances of several environments: their
 * nodes are `<environment>/<node>` then.
 */
export function readersOf(
  { environment, repository, nodes }: SealedState,
  owner: SecretsOwner,
): ReadonlyMap<string, string | null> {
  if (owner === null || !("folder" in owner)) return nodes;
  const others = [...repository.environments.values()].filter(
    (each) => each.folder !== environment.folder && instancesOf(each, `./${owner.folder}`).length > 0,
  );
  return new Map([
    ...nodes,
    ...others.flatMap((each) =>
      [...keysOf(each)].map(([node, key]) => [`${each.environment.value.name}/${node}`, key] as const),
    ),
  ]);
}

/** Whose secrets a file has, by its path. */
export function ownerOfFile({ environment }: SealedState, { path, instances }: SealedFile): SecretsOwner {
  if (!path.startsWith(`${environment.folder}/`)) return { folder: path.slice(0, path.lastIndexOf("/")) };
  const [instance] = instances ?? [];
  return instance === undefined ? null : { instance };
}

/** The keys that a file is encrypted to. Throws K9090 when no node has one. */
export function recipientsFor(path: string, readers: ReadonlyMap<string, string | null>): string[] {
  const recipients = [...new Set(readers.values())].filter((each) => each !== null).toSorted(compareText);
  if (recipients.length > 0) return recipients;
  throw new KeelsonError({
    code: "K9090",
    message: `nobody could open ${path}: no node of the environment has an age key in its file`,
    hint: "Write what keelson-agent identity prints on each node into its file, as keys: { age: age1… }.",
    outcome: stalled,
  });
}

function unusable(path: string, problem: Problem | undefined): KeelsonError {
  return new KeelsonError({
    code: problem?.code ?? "K1344",
    message: `${path}: ${problem?.message ?? "it cannot be used"}`,
    hint: problem?.hint ?? "See all that is wrong with it: keelson check",
    outcome: stalled,
  });
}

function noEnvironment(name: string, { environments }: Repository): KeelsonError {
  return new KeelsonError({
    code: "K1110",
    message: `there is no environment ${quote(name)} that can be read`,
    hint:
      hintFor(name, { known: [...environments.keys()], as: "environments" }) ??
      "See what is wrong with the repository: keelson check",
    outcome: stalled,
  });
}
