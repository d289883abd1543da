import { KeelsonError, decodeUtf8, namePattern, secretNamePattern, stalled } from "@keelson/model";
import { LineCounter, isMap, isScalar, parseDocument } from "yaml";
import type { Node, Pair } from "yaml";

import { readPrivateFile, unreadable } from "./private-file.ts";

const what = "the secrets file";

/**
 * Values by `<release>.<secret>`. Throws K5001 when the file is malformed, K5003 when others may read it, K5005 when
 * it cannot be read. Errors name the line and never quote the content, since a misplaced key might be a value.
 */
export function readSecretsFile(path: string): ReadonlyMap<string, string> {
  const bytes = readPrivateFile(path, what);
  if (bytes === null) throw unreadable({ path, what, cause: new Error("there is no such file") });
  return parseSecrets(bytes, path);
}

/** How many values a secrets file has, to check that it can be used. Throws as `readSecretsFile`. */
export function countSecrets(path: string): number {
  return readSecretsFile(path).size;
}

/** The content of a secrets file; `path` is for messages. */
export function parseSecrets(bytes: Uint8Array, path: string): ReadonlyMap<string, string> {
  const text = decodeUtf8(bytes);
  if (text === null) throw malformed(path, "it is not UTF-8 text");
  const lines = new LineCounter();
  // Pretty errors quote the line, which may hold a value.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number | undefined) => `line ${lines.linePos(offset ?? 0).line}`;
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined) throw malformed(path, `${lineOf(error.pos[0])}: ${error.code}`);
  const values = new Map<string, string>();
  if (document.contents === null) return values;
  const where = (node: Node | null | undefined) => lineOf(node?.range?.[0]);
  for (const release of pairsOf(document.contents, { path, where })) {
    const releaseName = keyOf(release, { path, where, pattern: namePattern, kind: "a release's name" });
    for (const secret of pairsOf(release.value, { path, where, parent: release.key })) {
      const name = keyOf(secret, { path, where, pattern: secretNamePattern, kind: "a secret's name" });
      const value = isScalar(secret.value) ? secret.value.value : undefined;
      if (typeof value !== "string" || value === "") {
        throw malformed(path, `${where(secret.key)}: the value must be a text that is not empty; quote it`);
      }
      values.set(`${releaseName}.${name}`, value);
    }
  }
  return values;
}

type Where = (node: Node | null | undefined) => string;
type YamlPair = Pair<Node, Node | null>;

function pairsOf(node: Node | null, context: { path: string; where: Where; parent?: Node }): YamlPair[] {
  if (isMap<Node, Node | null>(node)) return node.items;
  throw malformed(
    context.path,
    `${context.where(node ?? context.parent)}: the shape must be <release>: {<secret>: value}`,
  );
}

function keyOf(
  pair: YamlPair,
  expected: { path: string; where: Where; pattern: RegExp; kind: string },
): string {
  const key = isScalar(pair.key) ? pair.key.value : undefined;
  if (typeof key === "string" && expected.pattern.test(key)) return key;
  throw malformed(expected.path, `${expected.where(pair.key)}: the key is not ${expected.kind}`);
}

function malformed(path: string, problem: string): KeelsonError {
  return new KeelsonError({
    code: "K5001",
    message: `${what} ${path} is malformed, ${problem}`,
    hint: "Write it as YAML: <release>: {<secret>: value}. The content is not shown here on purpose.",
    outcome: stalled,
  });
}
