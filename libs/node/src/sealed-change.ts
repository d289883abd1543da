import { commitFiles, writeWorkTreeFile } from "@keelson/git";
import { KeelsonError, type SealedFile, compareText, quote, secretNamesOf, stalled } from "@keelson/model";
import { openSealedValue, rotateSealed, sealPlainFile, sealValues } from "@keelson/secrets";

import {
  type OpenedText,
  type SealedState,
  type SecretsOwner,
  ownerOfFile,
  pathOfSecrets,
  readSealedState,
  readersOf,
  recipientsFor,
} from "./sealed-state.ts";
import { pathOfSecret, requireOwner } from "./secret-name.ts";
import { requireUnchanged } from "./unchanged-file.ts";

export interface SecretsPlace {
  /** Root of the work tree. */
  repository: string;
  environment: string;
  owner: SecretsOwner;
  /** A file with an age key that opens what is there. */
  identityFile: string;
}

export interface ChangedSecrets {
  /** Path in the repository. */
  file: string;
  recipients: string[];
  /** Nodes without a key in their file, which cannot open it. */
  withoutKey: string[];
  commit: string | null;
}

interface Change extends SecretsPlace {
  /** More recipients than the environment's nodes: keys of people. */
  recipients: readonly string[];
  commit: boolean;
  at: Date;
}

/** Sets a value. Throws K9088 to K9092, and what Git and the key's file throw. */
export async function setSecret(change: Change & { name: string; value: string }): Promise<ChangedSecrets> {
  const { owner, name, value, identityFile, at } = change;
  const state = await readSealedState(change.repository, change.environment);
  requireOwner(state, owner);
  const path = pathOfSecret(state, { owner, name });
  const file = state.require(pathOfSecrets(state, owner));
  const recipients = recipientsOf(change, { state, owner });
  const text = await sealValues(file === null ? null : { ...file, identityFile }, {
    values: [{ path, value }],
    recipients,
    at,
  });
  const before = file?.sealed.keys.map(({ recipient }) => recipient) ?? [];
  return write(change, {
    state,
    owner,
    path: pathOfSecrets(state, owner),
    text,
    recipients: [...new Set([...before, ...recipients])],
    what: `set ${name}`,
  });
}

/**
 * Encrypts all files anew, with other data keys, to the keys that the nodes have now; with an owner, its file alone. None is written
 * unless each can be opened. Throws as `setSecret`.
 */
export async function rotateSecrets(change: Change): Promise<ChangedSecrets[]> {
  const { identityFile, at, owner } = change;
  const state = await readSealedState(change.repository, change.environment);
  requireOwner(state, owner);
  const asked = owner === null ? state.files : [requireFile(state, owner)];
  if (asked.length === 0) throw noValue(pathOfSecrets(state, owner), "any secret");
  const made = [];
  for (const file of asked) {
    const { path } = state.require(file.sealed.path)?.sealed ?? file.sealed;
    const of = ownerOfFile(state, file.sealed);
    const recipients = recipientsOf(change, { state, owner: of });
    const text = await rotateSealed({ ...file, identityFile }, { recipients, at });
    made.push({ state, owner: of, path, text, recipients, what: `rotate ${path}` });
  }
  const changed: ChangedSecrets[] = [];
  for (const each of made) changed.push(await write(change, each));
  return changed;
}

/** The value of a secret in clear, of the strongest file that has it. Throws K9088 when there is none, and K9089. */
export async function openSecret({
  name,
  owner,
  identityFile,
  ...place
}: SecretsPlace & { name: string }): Promise<string> {
  const state = await readSealedState(place.repository, place.environment);
  requireOwner(state, owner);
  const asked = owner === null ? state.files.toReversed() : [requireFile(state, owner)];
  for (const file of asked) {
    const path = pathIn(file.sealed, { owner, name });
    const value = path === null ? null : await openSealedValue({ ...file, identityFile }, path);
    if (value !== null) return value;
  }
  throw noValue(pathOfSecrets(state, owner), quote(name));
}

/** By the name that the secret has elsewhere, or has in the file of its owner. */
function pathIn(
  sealed: SealedFile,
  { owner, name }: { owner: SecretsOwner; name: string },
): readonly string[] | null {
  const isMeant = (path: readonly string[]) =>
    owner === null ? secretNamesOf(sealed, path).includes(name) : path.join(".") === name;
  return sealed.values.find(({ path }) => isMeant(path))?.path ?? null;
}

/** The text of a plain file, encrypted to the keys of the nodes of its owner. */
export async function sealFile(
  change: Pick<Change, "repository" | "environment" | "owner" | "recipients" | "at"> & {
    path: string;
    text: string;
    only: readonly string[] | undefined;
  },
): Promise<{ text: string; recipients: string[]; withoutKey: string[] }> {
  const { owner, only, at } = change;
  const state = await readSealedState(change.repository, change.environment);
  requireOwner(state, owner);
  const recipients = recipientsOf(change, { state, owner });
  const text = await sealPlainFile(change, { recipients, only, at });
  return { text, recipients, withoutKey: withoutKey(readersOf(state, owner)) };
}

function recipientsOf(
  { recipients }: Pick<Change, "recipients">,
  { state, owner }: { state: SealedState; owner: SecretsOwner },
): string[] {
  return [
    ...new Set([...recipientsFor(pathOfSecrets(state, owner), readersOf(state, owner)), ...recipients]),
  ];
}

function requireFile(state: SealedState, owner: SecretsOwner): OpenedText {
  const path = pathOfSecrets(state, owner);
  const file = state.require(path);
  if (file === null) throw noValue(path, "any secret");
  return file;
}

function noValue(path: string, what: string): KeelsonError {
  return new KeelsonError({
    code: "K9088",
    message: `${path} has no value of ${what}`,
    hint: "Set one with keelson secrets set NAME.",
    outcome: stalled,
  });
}

function withoutKey(nodes: ReadonlyMap<string, string | null>): string[] {
  return [...nodes].flatMap(([name, key]) => (key === null ? [name] : [])).toSorted(compareText);
}

async function write(
  { repository, environment, commit }: Change,
  made: {
    state: SealedState;
    owner: SecretsOwner;
    path: string;
    text: string;
    recipients: string[];
    what: string;
  },
): Promise<ChangedSecrets> {
  const { state, owner, path, text, recipients, what } = made;
  if (commit) await requireUnchanged(repository, path);
  await writeWorkTreeFile(repository, { path, text });
  const message = `secrets(${environment}): ${what}`;
  return {
    file: path,
    recipients,
    withoutKey: withoutKey(readersOf(state, owner)),
    commit: commit ? await commitFiles(repository, { paths: [path], message }) : null,
  };
}
