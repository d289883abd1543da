import { readFile, writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";

import { KeelsonError, count, decodeUtf8, isSystemError, quote, stalled } from "@keelson/model";
import {
  type ChangedSecrets,
  type SecretsOwner,
  type SecretsPlace,
  listSecrets,
  openSecret,
  rotateSecrets,
  sealFile,
  setSecret,
} from "@keelson/node";

import { identityPath, personalRecipients } from "../age-recipient.ts";
import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printSecrets } from "../print/secrets.ts";
import { chooseEnvironment } from "../reference.ts";
import { openRevision } from "../source.ts";

export interface SecretsOptions extends RepositoryOptions {
  environment?: string;
  instance?: string;
  folder?: string;
  config?: string;
  identity?: string;
  recipient?: readonly string[];
  node?: boolean;
  only?: readonly string[];
  output?: string;
  commit?: boolean;
}

interface Call {
  /** The name or the file. */
  argument: string;
  output: Output;
}

/** The longest value that anything takes: an environment has less, and a rendered file needs no more. */
const mostValueBytes = 1024 * 1024;

export const secretsCommands = { set, get, list, rotate, seal };

async function set(options: SecretsOptions, { argument: name, output }: Call): Promise<ExitCode> {
  const value = await readValue();
  const changed = await setSecret({ ...(await changeOf(options)), name, value });
  if (output.json) output.printJson(changed);
  else tell(output, { changed, said: `${changed.file}: ${name} is set` });
  return exitCodes.done;
}

async function get(options: SecretsOptions, { argument: name, output }: Call): Promise<ExitCode> {
  const value = await openSecret({ ...(await placeOf(options)), name });
  // Byte for byte: what makes control characters visible would change it.
  if (output.json) output.printJson({ name, value });
  else process.stdout.write(value);
  return exitCodes.done;
}

async function list(options: SecretsOptions, { output }: Call): Promise<ExitCode> {
  const listed = await listSecrets(await placeOf(options));
  if (output.json) output.printJson(listed);
  else printSecrets(output, listed);
  return exitCodes.done;
}

async function rotate(options: SecretsOptions, { output }: Call): Promise<ExitCode> {
  const changed = await rotateSecrets(await changeOf(options));
  if (output.json) output.printJson({ files: changed });
  else for (const each of changed) tell(output, { changed: each, said: `${each.file}: encrypted anew` });
  return exitCodes.done;
}

async function seal(options: SecretsOptions, { argument, output }: Call): Promise<ExitCode> {
  const path = resolve(argument);
  const target = resolve(options.output ?? sealedName(path));
  const change = await changeOf(options);
  const text = await readPlain(path);
  const made = await sealFile({ ...change, path, text, only: options.only });
  await writeNew(target, made.text);
  if (output.json) {
    output.printJson({ file: target, recipients: made.recipients, withoutKey: made.withoutKey });
    return exitCodes.done;
  }
  output.print(`${target}: encrypted to ${count(made.recipients.length, "key")}, without its comments`);
  tellWithoutKey(output, made.withoutKey);
  output.print(`Commit it, and not ${argument}.`);
  return exitCodes.done;
}

function sealedName(path: string): string {
  return /\.ya?ml$/.test(path) ? path.replace(/\.(ya?ml)$/, ".sops.$1") : `${path}.sops`;
}

async function placeOf(options: SecretsOptions): Promise<SecretsPlace> {
  const { repository } = options;
  const environment = await chooseEnvironment(await openRevision({ repository }), options);
  return { repository, environment, owner: ownerOf(options), identityFile: identityPath(options) };
}

function ownerOf({ repository, instance, folder }: SecretsOptions): SecretsOwner {
  if (instance !== undefined) return { instance };
  return folder === undefined ? null : { folder: relative(repository, resolve(repository, folder)) };
}

async function changeOf(options: SecretsOptions) {
  const place = await placeOf(options);
  const recipients = [...(options.recipient ?? []), ...(await personalRecipients(options))];
  return { ...place, recipients, commit: options.commit ?? false, at: new Date() };
}

/** Standard input without the line break at its end: `echo` writes one. */
async function readValue(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > mostValueBytes) throw unfitValue(`it is longer than ${mostValueBytes / 1024} KiB`);
    chunks.push(bytes);
  }
  const value = decodeUtf8(Buffer.concat(chunks))?.replace(/\r?\n$/, "");
  if (value === undefined) throw unfitValue("it is not UTF-8 text");
  if (value === "") throw unfitValue("there is none on standard input");
  return value;
}

function unfitValue(because: string): KeelsonError {
  return new KeelsonError({
    code: "K9091",
    message: `the value cannot be encrypted: ${because}`,
    hint: "Give it by a pipe or a file: keelson secrets set NAME < FILE",
    outcome: stalled,
  });
}

async function readPlain(path: string): Promise<string> {
  try {
    const text = decodeUtf8(await readFile(path));
    if (text !== null) return text;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(path, { what: "cannot be read", cause: error });
  }
  throw unusable(path, { what: "is not UTF-8 text" });
}

/** Nothing is overwritten: what is there may be all that is left of it. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(path, { what: "cannot be made", cause: error });
  }
}

function unusable(path: string, { what, cause }: { what: string; cause?: unknown }): KeelsonError {
  return new KeelsonError({
    code: "K9091",
    message: `${quote(path)} ${what}`,
    hint: "Name a plain file, and with --output one that is not there yet.",
    outcome: stalled,
    cause,
  });
}

function tell(output: Output, { changed, said }: { changed: ChangedSecrets; said: string }): void {
  const { recipients, withoutKey, commit } = changed;
  output.print(`${said}, for ${count(recipients.length, "key")}`);
  tellWithoutKey(output, withoutKey);
  output.print(commit === null ? "Commit and push it." : `Committed as ${commit.slice(0, 8)}. Push it.`);
}

function tellWithoutKey(output: Output, nodes: readonly string[]): void {
  for (const node of nodes)
    output.printError(
      `node ${node} cannot open it: its file names no key (keys.age, from keelson-agent identity)`,
    );
}
