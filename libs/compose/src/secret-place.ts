import {
  type ComposeInput,
  type Json,
  type JsonObject,
  type Problem,
  decodeText,
  isJsonObject,
  secretsIn,
  valueOf,
  variablesOf,
} from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { stringsOf } from "./compose-node.ts";
import type { Participants, PlainFile } from "./participant.ts";

const placeHint =
  "A secret may stand in values of services.*.environment and in rendered files: give the service a file, or a variable of its environment.";

/**
 * K1304: variables that carry a secret, in a place of a Compose file that is no value of an environment. Compose would refuse
 * many of them in words that name another reason.
 */
export function findMisplacedSecrets({ composeFiles, plainFiles }: Participants): Problem[] {
  const inFiles = composeFiles.flatMap(({ document, variables }) => {
    const secretOf = (name: string) => secretsIn(valueOf(name, variables))[0];
    if (Object.keys(variables).every((name) => secretOf(name) === undefined)) return [];
    return [...stringsOf(document.root)].flatMap(({ text, path }) =>
      variablesOf(mayHoldSecrets(path) ? nameIn(text, path) : text).flatMap((name) => {
        const secret = secretOf(name);
        return secret === undefined ? [] : [problemAt(document, misplaced(name, { secret, path }))];
      }),
    );
  });
  const inLabels = plainFiles
    .filter(({ kind }) => kind === "label_file")
    .flatMap(({ bytes, namedBy: { participant, path } }) =>
      secretsIn(decodeText(bytes)).map((secret) =>
        problemAt(participant.document, {
          code: "K1304",
          path,
          message: `the labels would hold the secret ${secret}, which everyone on the node can read there`,
          hint: placeHint,
        }),
      ),
    );
  return [...inFiles, ...inLabels];
}

/** K1346: encrypted files of variables that nobody opens, so that Compose would give a container what is encrypted. */
export function findSealedFiles(
  { plainFiles }: Pick<Participants, "plainFiles">,
  { reach }: Pick<ComposeInput, "reach">,
): Problem[] {
  const isSealedFile = (bytes: Uint8Array) => /^[^#\n]*[=:]\s*"?ENC\[AES256_GCM,/m.test(decodeText(bytes));
  return plainFiles
    .filter(({ bytes }) => isSealedFile(bytes))
    .map(({ kind, raw, name, namedBy: { participant, path } }) =>
      problemAt(participant.document, {
        code: "K1346",
        path,
        message: `${name} is encrypted by SOPS, and ${kind === "label_file" ? "labels may hold no secret" : "Keelson does not open it here"}: containers would get what is encrypted`,
        hint: sealedHint({ kind, raw, reach }),
      }),
    );
}

function sealedHint({
  kind,
  raw,
  reach,
}: Pick<PlainFile, "kind" | "raw"> & Pick<ComposeInput, "reach">): string {
  if (kind === "label_file") return "Encrypt nothing of it.";
  if (reach === "package")
    return "A release has its secrets in the environment: name them under secrets in release.yaml, and render the file.";
  return raw
    ? "Leave format: raw out: the values are read as those of any other env_file."
    : "Write its path without variables of the environment, and encrypt it in the format dotenv: sops encrypt --input-type dotenv --output-type dotenv.";
}

function misplaced(name: string, { secret, path }: { secret: string; path: readonly string[] }): Finding {
  return {
    code: "K1304",
    path,
    message: `the variable ${name} carries the secret ${secret}, which may not stand at ${path.join(".")}`,
    hint: placeHint,
  };
}

/** Values of an environment, and what is not in the model at all: extension fields, of which parts are only put to use elsewhere. */
function mayHoldSecrets([section = "", , key = ""]: readonly string[]): boolean {
  return section.startsWith("x-") || (section === "services" && (key === "environment" || isExtension(key)));
}

function isExtension(key: string): boolean {
  return key.startsWith("x-");
}

/** Of an entry of an environment that is written as a list, what stands before its value. */
function nameIn(text: string, [section, , key, index]: readonly string[]): string {
  if (section !== "services" || key !== "environment" || index === undefined || !/^\d+$/.test(index))
    return "";
  return text.slice(0, Math.max(0, text.indexOf("=")));
}

/** K1423: secrets of the resolved model that stand anywhere but in the value of an environment's variable, which a grant permits. */
export function findSecretFaults(model: JsonObject): Finding[] {
  return [...secretPlaces(model)]
    .filter(({ path, isKey }) => isKey || path.length !== 4 || !isInEnvironment(path))
    .map(({ secret, path }) => ({
      code: "K1423",
      path,
      message: `the secret ${secret} would stand in the Compose model, where everyone on the node can read it`,
      hint: placeHint,
    }));
}

function isInEnvironment([section, , key]: readonly string[]): boolean {
  return section === "services" && key === "environment";
}

interface SecretPlace {
  secret: string;
  path: readonly string[];
  /** It stands in the last key of the path. */
  isKey: boolean;
}

function* secretPlaces(value: Json, path: readonly string[] = []): Generator<SecretPlace> {
  if (typeof value === "string") {
    for (const secret of secretsIn(value)) yield { secret, path, isKey: false };
  }
  const entries = Array.isArray(value) ? value.map((item, index) => [String(index), item] as const) : [];
  for (const [key, item] of isJsonObject(value) ? Object.entries(value) : entries) {
    if (isLeftOut([...path, key])) continue;
    for (const secret of secretsIn(key)) yield { secret, path: [...path, key], isKey: true };
    yield* secretPlaces(item, [...path, key]);
  }
}

/** Extension fields of the file and of a section's entries are in no model that is kept. */
function isLeftOut(path: readonly string[]): boolean {
  return (path.length === 1 || path.length === 3) && isExtension(path.at(-1) ?? "");
}
