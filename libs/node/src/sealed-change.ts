import { commitFiles, writeWorkTreeFile } from "@keelson/git";
import { KeelsonError, quote, stalled } from "@keelson/model";
import {
  openSealedValue,
  rotateSealed,
  sealFirstValue,
  sealPlainFile,
  setSealedValue,
} from "@keelson/secrets";

import { type SealedState, readSealedState, recipientsOf, requireSecretName } from "./sealed-state.ts";
import { requireUnchanged } from "./unchanged-file.ts";

export interface SecretsPlace {
  /** Root of the work tree. */
  repository: string;
  environment: string;
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
  const { name, value, identityFile, at } = change;
  const state = await readSealedState(change.repository, change.environment);
  const path = requireSecretName(state, name);
  const recipients = [...new Set([...recipientsOf(state), ...change.recipients])];
  const made = { path, value, recipients, at };
  const text =
    state.file === null
      ? await sealFirstValue(made)
      : await setSealedValue({ ...state.file, identityFile }, made);
  const before = state.file?.sealed.keys.map(({ recipient }) => recipient) ?? [];
  return write(change, {
    state,
    text,
    recipients: [...new Set([...before, ...recipients])],
    what: `set ${name}`,
  });
}

/** Encrypts all anew, with another data key, to the keys that the nodes have now. Throws as `setSecret`. */
export async function rotateSecrets(change: Change): Promise<ChangedSecrets> {
  const { identityFile, at } = change;
  const state = await readSealedState(change.repository, change.environment);
  const file = requireFile(state);
  const recipients = [...new Set([...recipientsOf(state), ...change.recipients])];
  const text = await rotateSealed({ ...file, identityFile }, { recipients, at });
  return write(change, { state, text, recipients, what: "rotate" });
}

/** The value of a secret in clear. Throws K9088 when there is none, and K9089. */
export async function openSecret({ name, ...place }: SecretsPlace & { name: string }): Promise<string> {
  const state = await readSealedState(place.repository, place.environment);
  const file = requireFile(state);
  const value = await openSealedValue({ ...file, identityFile: place.identityFile }, name.split("."));
  if (value !== null) return value;
  throw noValue(state, quote(name));
}

/** The text of a plain file, encrypted to the keys of the environment's nodes. */
export async function sealFile(
  change: Pick<Change, "repository" | "environment" | "recipients" | "at"> & {
    path: string;
    text: string;
    only: readonly string[] | undefined;
  },
): Promise<{ text: string; recipients: string[]; withoutKey: string[] }> {
  const state = await readSealedState(change.repository, change.environment);
  const recipients = [...new Set([...recipientsOf(state), ...change.recipients])];
  const text = await sealPlainFile(change, { recipients, only: change.only, at: change.at });
  return { text, recipients, withoutKey: withoutKey(state) };
}

function requireFile(state: SealedState): NonNullable<SealedState["file"]> {
  if (state.file === null) throw noValue(state, "any secret");
  return state.file;
}

function noValue({ path }: SealedState, what: string): KeelsonError {
  return new KeelsonError({
    code: "K9088",
    message: `${path} has no value of ${what}`,
    hint: "Set one with keelson secrets set NAME.",
    outcome: stalled,
  });
}

function withoutKey({ nodes }: SealedState): string[] {
  return [...nodes].flatMap(([name, key]) => (key === null ? [name] : []));
}

async function write(
  { repository, environment, commit }: Change,
  { state, text, recipients, what }: { state: SealedState; text: string; recipients: string[]; what: string },
): Promise<ChangedSecrets> {
  const { path } = state;
  if (commit) await requireUnchanged(repository, path);
  await writeWorkTreeFile(repository, { path, text });
  const message = `secrets(${environment}): ${what}`;
  return {
    file: path,
    recipients,
    withoutKey: withoutKey(state),
    commit: commit ? await commitFiles(repository, { paths: [path], message }) : null,
  };
}
