import { type ComposeInput, type Json, isJsonObject } from "@keelson/model";

import type { Finding } from "./compose-document.ts";

/** What a rule may know besides the value. */
export interface RuleContext {
  project: string;
  /** `file`: as written, before Compose; `model`: what Compose made of it, so that merging hides nothing. */
  stage: "file" | "model";
  reach: ComposeInput["reach"];
  /** Where relative paths start, in the repository. */
  folder: string;
  /** Rendered files, by path in the repository. */
  boundPaths: readonly string[];
  /** What may be interpolated; empty for the model, where it has been. */
  variables: Readonly<Record<string, string>>;
}

export interface Occurrence {
  value: Json;
  /** The last key of the path. */
  key: string;
  /** The map or list that holds the value. */
  parent: Json;
  context: RuleContext;
}

/** One line of the gate. */
export interface Rule {
  /** Keys with dots between; `*` is every key or entry, `*?` also the value itself when it is a single one. */
  at: string;
  code: string;
  /** What is wrong with the value, or null when it is harmless. */
  refuse: (occurrence: Occurrence) => string | null;
  hint: string;
}

/** Everything the rules refuse in a document. Rules say what is allowed, so an unknown or interpolated value is refused. */
export function findRefusals(rules: readonly Rule[], input: { root: Json; context: RuleContext }): Finding[] {
  return rules.flatMap((rule) =>
    [...occurrencesOf(rule.at.split("."), { value: input.root, path: [], parent: null })].flatMap((found) => {
      const key = found.path.at(-1) ?? "";
      const message = rule.refuse({ value: found.value, parent: found.parent, key, context: input.context });
      return message === null ? [] : [{ code: rule.code, path: found.path, message, hint: rule.hint }];
    }),
  );
}

interface Located {
  value: Json;
  path: readonly string[];
  parent: Json;
}

function* occurrencesOf(pattern: readonly string[], at: Located): Generator<Located> {
  const [segment, ...rest] = pattern;
  if (segment === undefined) {
    yield at;
    return;
  }
  const entries = childrenOf(at.value);
  if (entries === null) {
    if (segment === "*?" && at.value !== null) yield* occurrencesOf(rest, at);
    return;
  }
  for (const [key, value] of entries) {
    if (segment !== "*" && segment !== "*?" && segment !== key) continue;
    yield* occurrencesOf(rest, { value, path: [...at.path, key], parent: at.value });
  }
}

function childrenOf(value: Json): [string, Json][] | null {
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item]);
  return isJsonObject(value) ? Object.entries(value) : null;
}

/** Refuses what does not pass the test; `{value}` and `{key}` in the message are filled in. */
export function unless(isHarmless: (value: Json) => boolean, message: string): Rule["refuse"] {
  return ({ value, key }) =>
    isHarmless(value)
      ? null
      : message.replaceAll("{value}", () => shown(value)).replaceAll("{key}", () => key);
}

/** Whether a value asks for nothing: none, `false`, an empty list, mapping or text. */
export function isOff(value: Json): boolean {
  if (value === null || value === false || value === "" || value === "false") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

export function isOneOf(...allowed: readonly string[]): (value: Json) => boolean {
  return (value) => isOff(value) || (typeof value === "string" && allowed.includes(value));
}

export function matches(pattern: RegExp): (value: Json) => boolean {
  return (value) => isOff(value) || (typeof value === "string" && pattern.test(value));
}

/** A value short enough for a message. */
export function shown(value: Json | undefined): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Name and value of an entry of `environment` or `labels`, written as a map or as a list of `name=value`. */
export function entryOf({ value, key, parent }: Occurrence): { name: string; value: Json | undefined } {
  if (!Array.isArray(parent)) return { name: key, value };
  const text = typeof value === "string" ? value : shown(value);
  const at = text.indexOf("=");
  return at === -1
    ? { name: text, value: undefined }
    : { name: text.slice(0, at), value: text.slice(at + 1) };
}
