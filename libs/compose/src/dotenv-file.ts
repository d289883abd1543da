import {
  type ComposeInput,
  type Problem,
  decodeText,
  isReservedVariable,
  withDotenv,
  withoutKeys,
} from "@keelson/model";

import { findForeignValues } from "./plain-file.ts";

export const maxPlainBytes = 1024 * 1024;

/**
 * The variables of the project, those of its `.env` among them; with those of settings these alone (`written`); and the text of the
 * `.env` for Compose: without variables that would steer Compose, some of which are honoured before this.
 */
export function readDotenv({ dotenv, variables, settings, reach }: ComposeInput): {
  variables: Readonly<Record<string, string>>;
  written: Readonly<Record<string, string>>;
  text: string | null;
  problems: Problem[];
} {
  const set = Object.fromEntries(settings.map((name) => [name, variables[name] ?? ""]));
  if (dotenv === null) return { variables, written: set, text: null, problems: [] };
  const refuse = (problem: Pick<Problem, "code" | "message"> & { hint: string }) => ({
    variables,
    written: {},
    text: null,
    problems: [{ ...problem, file: dotenv.path, line: 1, column: 1, path: "" }],
  });
  if (dotenv.bytes.length > maxPlainBytes) {
    const message = `the file is larger than ${maxPlainBytes / 1024} KiB`;
    return refuse({ code: "K1418", message, hint: "Bind what is not a variable as a file." });
  }
  const text = withoutKeys(decodeText(dotenv.bytes), isReservedVariable);
  const written = withDotenv(text, {});
  if (written === null) {
    const message = "the file exceeds 1 MiB with its variables filled in";
    return refuse({ code: "K1428", message, hint: "Write the values out." });
  }
  const { path, bytes } = dotenv;
  const plain = { kind: "dotenv", path, name: ".env", bytes, raw: false, file: path, namedBy: null } as const;
  const problems = findForeignValues(plain, { known: new Set(), reach });
  return { variables: { ...written, ...variables }, written: { ...written, ...set }, text, problems };
}
