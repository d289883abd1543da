import { isDeepStrictEqual } from "node:util";

import { KeelsonError, type SealedFile, isSealed, quote, stalled, withDotenv } from "@keelson/model";
import { parseDocument } from "yaml";

import { readAgeKey } from "./age-key.ts";
import { decryptedText, readVariables } from "./opened-variables.ts";
import { newDocument, openDocument, sealDocument, setValue } from "./sops-document.ts";
import { resealDotenv, sealDotenv } from "./sops-dotenv.ts";
import { type OpenedFile, openSealedFile } from "./sops-file.ts";
import type { SealInput } from "./sops-metadata.ts";
import { requireOwnFormat } from "./sops-rewriting.ts";

/** A sealed file as it is in the repository, and the key to open it. */
export interface OpenableFile {
  sealed: SealedFile;
  text: string;
  /** A file with an age key. */
  identityFile: string;
}

/** A value of a sealed file; null when there is none of that path. Throws K9089 and what the key's file throws. */
export async function openSealedValue(file: OpenableFile, path: readonly string[]): Promise<string | null> {
  const opened = await open(file);
  return opened.values.find((value) => value.path.join(".") === path.join("."))?.text ?? null;
}

export interface NewValues extends SealInput {
  values: readonly { path: readonly string[]; value: string }[];
}

/**
 * The text of a sealed file with some values set, or of a new one with these alone. Who could open it still can, and so can the
 * recipients. Throws K9089, K9092 and what the key's file throws.
 */
export async function sealValues(
  file: OpenableFile | null,
  { values, ...input }: NewValues,
): Promise<string> {
  if (file !== null) requireOwnFormat(file);
  const clear = file === null ? newDocument("") : openDocument(file.text, (await open(file)).dataKey);
  for (const { path, value } of values) setValue(clear, { path, text: value });
  const before = file?.sealed.keys.map(({ recipient }) => recipient) ?? [];
  return sealDocument(clear, { ...input, recipients: [...new Set([...before, ...input.recipients])] });
}

/** The text of a sealed file with a new data key, for these recipients alone. Throws as `sealValues`. */
export async function rotateSealed(file: OpenableFile, input: SealInput): Promise<string> {
  requireOwnFormat(file, { keepsComments: false });
  const opened = await open(file);
  if (file.sealed.format === "dotenv") return resealDotenv(file, { ...input, opened });
  const { document } = openDocument(file.text, opened.dataKey);
  return sealDocument({ ...newDocument(""), document }, input);
}

/** A plain YAML or dotenv file, encrypted. Throws K9091 when it is none, or is encrypted already. */
export async function sealPlainFile(
  { path, text }: { path: string; text: string },
  input: SealInput,
): Promise<string> {
  const isYaml = /\.ya?ml$/.test(path);
  if (text.split("\n").some((line) => isSealed(line.replace(/^[^=:]*[=:]\s*/, ""))))
    throw unfit(path, "it is encrypted already");
  if (!isYaml) {
    const sealed = await sealDotenv(text, input);
    if (sealed === null) throw unfit(path, "a line is neither KEY=value nor a comment");
    return sealed.text;
  }
  if (parseDocument(text).errors.length > 0) throw unfit(path, "it is not YAML");
  return sealDocument(newDocument(text), input);
}

/**
 * A plain file of variables with the values of some keys encrypted, which gives Compose the same as before. Comments stay, but for
 * those that set a variable. Null where SOPS' format cannot say what stands there, or a value names variables of elsewhere.
 */
export async function sealVariables(
  { path, text }: { path: string; text: string },
  input: SealInput & { only: readonly string[] },
): Promise<string | null> {
  const keepsComment = (line: string) => /^\s*#(?!\s*(?:export\s+)?\w+\s*[=:])/.test(line);
  const sealed = await sealDotenv(text, { ...input, keepsComment });
  if (sealed === null || readVariables({ path }, sealed.values).problems.length > 0) return null;
  const isEach = input.only.every((key) =>
    sealed.values.some((each) => each.path[0] === key && each.wasSealed),
  );
  const after = withDotenv(decryptedText(sealed.values), {});
  return isEach && isDeepStrictEqual(after, withDotenv(text, {})) ? sealed.text : null;
}

async function open(file: OpenableFile): Promise<OpenedFile> {
  const { sealed, identityFile } = file;
  const identity = await readAgeKey(identityFile);
  if (identity === null) throw unopened(sealed, `there is no key ${identityFile}`);
  const result = await openSealedFile(sealed, identity);
  if ("opened" in result) return result.opened;
  const { kind } = result.fault;
  if (kind === "recipient") throw unopened(sealed, `it is not encrypted to ${identity.recipient}`);
  throw unopened(sealed, "it is not as it was encrypted: take it back with Git");
}

function unopened({ path, keys }: SealedFile, because: string): KeelsonError {
  return new KeelsonError({
    code: "K9089",
    message: `${path} cannot be opened: ${because}`,
    hint: `Name a key of one of its recipients with --identity FILE, or on a node that is one its agent.yaml with --config FILE: ${keys.map(({ recipient }) => recipient).join(", ")}`,
    outcome: stalled,
  });
}

function unfit(path: string, because: string): KeelsonError {
  return new KeelsonError({
    code: "K9091",
    message: `${quote(path)} cannot be encrypted: ${because}`,
    hint: "Give a plain file: KEY=value lines, or YAML by its name.",
    outcome: stalled,
  });
}
