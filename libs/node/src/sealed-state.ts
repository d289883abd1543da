import { readWorkTree } from "@keelson/git";
import { followLinks, readRepository } from "@keelson/manifest";
import {
  type EnvironmentFolder,
  KeelsonError,
  type Repository,
  type SealedFile,
  compareText,
  decodeText,
  hintFor,
  isLocalReference,
  quote,
  sealedSecretsFile,
  secretNamePattern,
  stalled,
} from "@keelson/model";
import { readLocal } from "@keelson/reconcile";

/** The sealed secrets of an environment in a work tree. */
export interface SealedState {
  /** Path in the repository. */
  path: string;
  /** Null when there is none yet. */
  file: { sealed: SealedFile; text: string } | null;
  /** The age recipients of the environment's nodes, by node; null for one whose file names no key. */
  nodes: ReadonlyMap<string, string | null>;
  /** Secrets that the environment's releases name, as `<release>.<secret>`, sorted. */
  names: string[];
  /** Instances of local packages, which name no secrets themselves. */
  localInstances: string[];
}

/** Throws K1110 for an environment that is not there, and the code of the first problem of a file that cannot be used. */
export async function readSealedState(repository: string, environment: string): Promise<SealedState> {
  const snapshot = await readWorkTree(repository);
  const files = await snapshot.readFiles(["environments/", "releases/"]);
  const read = readRepository(files, await readLocal(snapshot, followLinks(files)));
  const folder = read.repository.environments.get(environment);
  if (folder === undefined) throw noEnvironment(environment, read.repository);
  const path = `${folder.folder}/${sealedSecretsFile}`;
  const source = files.get(path);
  const [sealed] = folder.sealed;
  const problem = read.problems.find(({ file }) => file === path);
  if (source !== undefined && (sealed === undefined || problem !== undefined)) {
    throw new KeelsonError({
      code: problem?.code ?? "K1344",
      message: `${path}: ${problem?.message ?? "it cannot be used"}`,
      hint: problem?.hint ?? "See all that is wrong with it: keelson check",
      outcome: stalled,
    });
  }
  return {
    path,
    file: source === undefined || sealed === undefined ? null : { sealed, text: decodeText(source.bytes) },
    nodes: new Map([...folder.nodes].map(([name, { value }]) => [name, value.keys?.age ?? null])),
    names: namesOf(folder, read.repository),
    localInstances: localInstancesOf(folder),
  };
}

function namesOf({ environment }: EnvironmentFolder, { releases }: Repository): string[] {
  const used = Object.keys(environment.value.releases);
  const names = [...releases.values()]
    .map(({ release }) => release.value)
    .filter(({ name }) => used.includes(name))
    .flatMap(({ name, secrets }) => Object.keys(secrets).map((secret) => `${name}.${secret}`));
  return [...new Set(names)].sort(compareText);
}

/** Without those that have the name of a release: its secrets are its own. */
function localInstancesOf({ environment }: EnvironmentFolder): string[] {
  const { instances, releases } = environment.value;
  return Object.entries(instances)
    .filter(([name, instance]) => isLocalReference(instance.package) && !Object.hasOwn(releases, name))
    .map(([name]) => name);
}

/** The keys of an environment's nodes. Throws K9090 when no node has one. */
export function recipientsOf({ nodes, path }: SealedState): string[] {
  const recipients = [...new Set(nodes.values())].filter((each) => each !== null);
  if (recipients.length > 0) return recipients;
  throw new KeelsonError({
    code: "K9090",
    message: `nobody could open ${path}: no node of the environment has an age key in its file`,
    hint: "Write what keelson-agent identity prints on each node into its file, as keys: { age: age1… }.",
    outcome: stalled,
  });
}

/** Throws K9088 for a name that no release of the environment has, and that is none of an instance of a local package. */
export function requireSecretName(
  { names, localInstances }: Pick<SealedState, "names" | "localInstances">,
  name: string,
): [string, string] {
  const [owner = "", secret = "", ...rest] = name.split(".");
  const isLocal = localInstances.includes(owner) && secretNamePattern.test(secret) && rest.length === 0;
  if (isLocal || names.includes(name)) return [owner, secret];
  throw new KeelsonError({
    code: "K9088",
    message: `no release or instance of the environment can have a secret ${quote(name)}`,
    hint:
      hintFor(name, { known: names, as: "secrets" }) ??
      "Name it under secrets in release.yaml first. Of a local package it is <instance>.<letters and digits>.",
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
