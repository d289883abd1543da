import {
  type ComposeInput,
  type Json,
  type Occurrence as ComposeOccurrence,
  findOccurrences,
  isOff,
} from "@keelson/model";

import type { Finding } from "./compose-document.ts";

export { entryOf, isOff } from "@keelson/model";

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

export interface Occurrence extends ComposeOccurrence {
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

/** Everything the rules refuse in a document. Rules say what is allowed, so an unknown value is refused. */
export function findRefusals(rules: readonly Rule[], input: { root: Json; context: RuleContext }): Finding[] {
  return rules.flatMap((rule) =>
    findOccurrences(rule.at, input.root).flatMap((found) => {
      const [key, parent] = [found.path.at(-1) ?? "", found.parents.at(-1) ?? null];
      const message = rule.refuse({ ...found, key, parent, context: input.context });
      return message === null ? [] : [{ code: rule.code, path: found.path, message, hint: rule.hint }];
    }),
  );
}

/** A variable is judged after Compose has filled it in: until then nothing is done with it. */
export function afterVariables(refuse: Rule["refuse"]): Rule["refuse"] {
  return (occurrence) => {
    const { value, context } = occurrence;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return isOff(value) || (context.stage === "file" && text.includes("$")) ? null : refuse(occurrence);
  };
}

/** Refuses what does not pass the test; `{value}` and `{key}` in the message are filled in. */
export function unless(isHarmless: (value: Json) => boolean, message: string): Rule["refuse"] {
  return ({ value, key }) =>
    isHarmless(value)
      ? null
      : message.replaceAll("{value}", () => shown(value)).replaceAll("{key}", () => key);
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
