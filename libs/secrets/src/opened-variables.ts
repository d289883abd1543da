import {
  type Problem,
  type SealedFile,
  type Statement,
  neededVariables,
  problemOf,
  statementsOf,
  variableSecret,
  withDotenv,
} from "@keelson/model";

import type { OpenedValue } from "./sops-file.ts";

/**
 * The encrypted values of a file of variables, as Compose reads them in its decrypted text: without quotes, and with the variables above
 * filled in. K1331 for a value that names any other variable.
 */
export function readVariables(
  { path: file }: Pick<SealedFile, "path">,
  opened: readonly OpenedValue[],
): { given: (readonly [string, string])[]; problems: Problem[] } {
  const lines = opened.map((value) => ({ value, text: lineOf(value) }));
  const written = withDotenv(decryptedText(opened), {});
  if (written === null) {
    const message = "the file exceeds 1 MiB with its variables filled in";
    return {
      given: [],
      problems: [problemOf(file, { code: "K1428", message, hint: "Write the values out." })],
    };
  }
  const known = new Set<string>();
  const given = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { value, text } of lines) {
    const [statement] = statementsOf(text);
    if (statement === undefined) continue;
    const { key } = statement;
    const unknown = value.wasSealed ? namesIn(statement).find((name) => !known.has(name)) : undefined;
    if (unknown !== undefined) problems.push(unknownVariable(file, { key, unknown, line: value.line }));
    if (value.wasSealed) given.set(variableSecret(file, key), written[key] ?? "");
    known.add(key);
  }
  return problems.length > 0 ? { given: [], problems } : { given: [...given], problems };
}

/** What `sops decrypt` writes of a file of variables. */
export function decryptedText(values: readonly OpenedValue[]): string {
  return values.map(lineOf).join("\n");
}

/** `\n` stands for a line break. */
function lineOf({ path: [key = ""], text }: OpenedValue): string {
  return `${key}=${text.replaceAll("\n", String.raw`\n`)}`;
}

function namesIn({ value }: Statement): string[] {
  return neededVariables(value ?? "");
}

function unknownVariable(
  file: string,
  { key, unknown, line }: { key: string; unknown: string; line: number },
): Problem {
  const problem = problemOf(file, {
    code: "K1331",
    message: `the encrypted value of ${key} names the variable ${unknown}, which the file does not set above it`,
    hint: "Set it above in the same file, put the value in single quotes, or write the value out.",
  });
  return { ...problem, line, path: key };
}
