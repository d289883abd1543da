import {
  type Problem,
  compareText,
  digestValue,
  jsonSecretPlaceholder,
  quote,
  secretPlaceholder,
  suggest,
  ownOf,
} from "@keelson/model";

import { type TemplateFault, findFaults } from "./template-fault.ts";
import { isRecord } from "./is-record.ts";
import type { TemplateBudget } from "./template-budget.ts";
import { renderText } from "./template-engine.ts";
import { holdsMark, jsonMarkOf, markOf } from "./template-measure.ts";

export interface TemplateInput {
  /** The template's text and its path in the repository, for messages. */
  text: string;
  file: string;
  /** What it sees, but for the secrets. */
  context: Readonly<Record<string, unknown>>;
  /** Full name (`<release>.<secret>`) by the name under which the template sees it. */
  secrets: Readonly<Record<string, string>>;
  /** The place of a template that is a value inside a document and no file of its own. */
  at?: { line: number; column: number; path: string };
  /** Names such as `settings` or `requires.store` of which not all is known: what is missing there has its problem already. */
  incomplete: readonly string[];
  /** What the templates of the instance may still cost. */
  budget: TemplateBudget;
}

export type TemplateResult =
  | { text: string; secrets: string[]; problems: [] }
  | { text: null; problems: Problem[] };

/** As many as a large secret has; how many this one has is not known here. */
const charactersOfSecret = 16_384;

/** More of them say nothing new: a loop repeats what is wrong in it. */
const maxProblems = 20;

/**
 * Renders a Liquid template strictly: whatever it does not know is a problem, all of them at once, with line and
 * column. Secrets become placeholders (sorted full names in `secrets`); the same input gives the same text.
 */
export function renderTemplate(input: TemplateInput): TemplateResult {
  // The seal is made from the text and the settings, so that neither of them can contain it.
  const seal = digestValue([input.text, digestContext(input.context)]).slice(0, 32);
  const marks = Object.keys(input.secrets).map((name) => [name, markOf(seal, name)] as const);
  const context = { ...input.context, secrets: Object.fromEntries(marks) };
  const { budget } = input;
  // The problem was given where the budget was overdrawn.
  if (budget.isSpent) return { text: null, problems: [] };
  let text: string;
  try {
    text = renderText(input.text, { context, budget });
    // The value may be a chain of certificates, and it is filled in wherever it stands.
    if (holdsMark(text)) budget.make((text.split("__secret-").length - 1) * charactersOfSecret);
  } catch (error) {
    return { text: null, problems: describeFaults(input, findFaults(error)) };
  }
  if (holdsPlaceholder(text)) return { text: null, problems: [forgedSecret(input)] };
  const names: string[] = [];
  for (const [name, mark] of marks) {
    const secret = ownOf(input.secrets, name) ?? "";
    const filled = text
      .replaceAll(mark, () => secretPlaceholder(secret))
      .replaceAll(jsonMarkOf(seal, name), () => jsonSecretPlaceholder(secret));
    if (filled !== text) names.push(secret);
    text = filled;
  }
  return { text, secrets: names.sort(compareText), problems: [] };
}

/** Settings may be large, and are in the context of thousands of templates: each part is digested once. */
function digestContext(context: TemplateInput["context"]): [string, string][] {
  return Object.entries(context).map(([name, part]) => {
    if (!isRecord(part)) return [name, digestValue(part)];
    const digest = digests.get(part) ?? digestValue(part);
    digests.set(part, digest);
    return [name, digest];
  });
}

const digests = new WeakMap<object, string>();

/** Whether a foreign text contains something that would be filled in like a placeholder. */
export function holdsPlaceholder(text: string): boolean {
  return text.includes(secretPlaceholder("").slice(0, -2));
}

/** A template, a copied file or a setting that spells out a placeholder could read the secrets of any release. */
export function forgedSecret(input: Pick<TemplateInput, "text" | "file" | "at">): Problem {
  const line = input.text.split("\n").findIndex(holdsPlaceholder) + 1;
  return problemIn(input, {
    code: "K1309",
    line: Math.max(line, 1),
    column: 1,
    message: "the text contains the placeholder of a secret",
    hint: "Write {{ secrets.<name> }} instead, in a .liquid template of the secret's own release.",
  });
}

function describeFaults(input: TemplateInput, faults: readonly TemplateFault[]): Problem[] {
  const own = faults.filter(
    ({ undefinedName = "" }) => !input.incomplete.some((name) => `${undefinedName}.`.startsWith(`${name}.`)),
  );
  const problems = own.map((fault) => {
    const { code, message, line, column, hint, undefinedName } = fault;
    return undefinedName === undefined
      ? problemIn(input, { code, line, column, message, hint })
      : problemIn(input, { code, line, column, ...undefinedVariable(undefinedName, input) });
  });
  const unique = new Map(problems.map((each) => [`${each.line}:${each.column} ${each.message}`, each]));
  return [...unique.values()].slice(0, maxProblems);
}

function problemIn(
  input: Pick<TemplateInput, "text" | "file" | "at">,
  found: { code: string; line: number; column: number; message: string; hint: string },
): Problem {
  const { line, column, path } = input.at ?? { ...found, path: "" };
  const { code, message, hint } = found;
  const problem = { code, file: input.file, line, column, path, message, hint };
  const sourceLine = input.at === undefined ? input.text.split("\n")[line - 1] : undefined;
  // A caret under a line of many thousand characters helps nobody.
  return sourceLine === undefined || sourceLine.length > 500 ? problem : { ...problem, sourceLine };
}

const origins: Record<string, string> = {
  settings: "Settings come from the release's settings schema (default) and the environment.",
  secrets: "Declare secrets in release.yaml.",
  requires: "List the interface under requires or optional in package.yaml; a provider must be on this node.",
};

/** A local package has no release.yaml, and its secrets are in Git. */
function originOf(name: string, { context }: TemplateInput): string {
  const [kind = "", secret = "NAME"] = name.split(".");
  if (kind !== "secrets" || context["release"] !== undefined) return origins[kind] ?? "";
  return `Set it for its folder or its instance: keelson secrets set ${secret} --folder DIR, or --instance NAME.`;
}

/** What there is instead, and where it would come from. */
function undefinedVariable(name: string, input: TemplateInput): { message: string; hint: string } {
  const segments = name.split(".");
  let scope: unknown = { ...input.context, secrets: input.secrets };
  const known: string[] = [];
  for (const segment of segments.slice(0, -1)) {
    if (!isRecord(scope) || !Object.hasOwn(scope, segment)) break;
    scope = scope[segment];
    known.push(segment);
  }
  const parent = known.join(".");
  const message = `undefined variable ${quote(name)}`;
  if (Array.isArray(scope))
    return { message, hint: `${quote(parent)} is a list of ${scope.length}, from 0.` };
  const keys = isRecord(scope) ? Object.keys(scope).sort(compareText) : [];
  const meant = suggest(segments[known.length] ?? "", keys);
  if (meant !== undefined) return { message, hint: `Did you mean ${quote([...known, meant].join("."))}?` };
  const there = `${keys.slice(0, 12).join(", ")}${keys.length > 12 ? ", …" : ""}`;
  const what = keys.length === 0 ? " nothing" : `: ${there}`;
  const hint = parent === "" ? `Templates see${what}.` : `${quote(parent)} has${what}.`;
  return { message, hint: `${hint} ${known.length === 0 ? "" : originOf(name, input)}`.trim() };
}
