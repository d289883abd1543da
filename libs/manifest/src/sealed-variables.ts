import {
  type Problem,
  type SealedFile,
  type SealedVariables,
  type SourceFile,
  type SourceFiles,
  decodeText,
  isSealed,
  problemOf,
  secretPlaceholder,
  statementsOf,
  variableSecret,
} from "@keelson/model";

import { readSealedFile } from "./sealed-file.ts";

/** A file of variables that SOPS has encrypted. */
export interface ReadVariables {
  sealed: SealedFile;
  /** As Compose is given it. */
  variables: SealedVariables;
}

/** What says how the folder is read, before any key is there. */
const neededInClear = ["COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROFILES"];
/** A larger one is refused by the gate. */
const mostBytes = 1024 * 1024;

/** Whether SOPS has encrypted this, and not as YAML or JSON by its name; also where a part of that is missing. */
export function isSealedDotenv({ path, bytes, refused }: SourceFile): boolean {
  if (refused === true || bytes.length > mostBytes || /\.(?:ya?ml|json)$/i.test(path)) return false;
  return /^(?:sops_\w+=|[^#\n]*[=:]\s*"?ENC\[AES256_GCM,)/m.test(decodeText(bytes));
}

/**
 * Reads encrypted files of variables, by their path in the repository, without opening anything. K1344 for what is not in SOPS'
 * format, K1330 for a value that is needed before anything is opened.
 */
export function readSealedVariables(files: SourceFiles): {
  read: Map<string, ReadVariables>;
  problems: Problem[];
} {
  const read = new Map<string, ReadVariables>();
  const problems: Problem[] = [];
  for (const [path, file] of files) {
    if (!isSealedDotenv(file)) continue;
    const { sealed, ...said } = readSealedFile(file);
    problems.push(...said.problems);
    if (sealed === null) continue;
    problems.push(...findNeeded(sealed));
    read.set(path, { sealed, variables: variablesOf(file, sealed) });
  }
  return { read, problems };
}

function findNeeded({ path: file, values }: SealedFile): Problem[] {
  return values.flatMap(({ path: [key = ""], text, line }) => {
    if (!isSealed(text) || !neededInClear.includes(keyOf(key))) return [];
    const message = `${keyOf(key)} is encrypted, and says which files are read before any of them is opened`;
    const hint =
      "Leave it in clear: sops encrypt --encrypted-regex or --unencrypted-regex tells which keys are.";
    return [{ ...problemOf(file, { code: "K1330", message, hint }), line, path: keyOf(key) }];
  });
}

/** Each line stays where it is; what is SOPS' own is left out, and a placeholder stands for what is encrypted. */
function variablesOf({ path, bytes }: SourceFile, { values }: SealedFile): SealedVariables {
  const sealed = new Map(values.filter(({ text }) => isSealed(text)).map((value) => [value.line, value]));
  const secrets = new Set<string>();
  const lines = decodeText(bytes)
    .split("\n")
    .map((line, index) => {
      const key = sealed.get(index + 1)?.path[0];
      if (key === undefined) return /^(?:sops_|#)/.test(line) ? "" : line;
      if (neededInClear.includes(keyOf(key))) return "";
      const secret = variableSecret(path, keyOf(key));
      secrets.add(secret);
      return `${key}='${secretPlaceholder(secret)}'`;
    });
  return { bytes: new TextEncoder().encode(lines.join("\n")), secrets: [...secrets] };
}

/** The name that Compose gives the variable. */
function keyOf(key: string): string {
  const [statement] = statementsOf(`${key}=`);
  return statement?.key ?? key;
}
