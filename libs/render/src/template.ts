import { type Problem, compareText } from "@keelson/model";
import { Liquid, type LiquidError } from "liquidjs";

export interface TemplateInput {
  /** The template's text and its path in the repository, for messages. */
  text: string;
  file: string;
  context: Record<string, unknown>;
  /** Where to report a template that is a value inside a document instead of a file of its own. */
  at?: { line: number; column: number; path: string };
}

export type TemplateResult = { text: string; problems: [] } | { text: null; problems: Problem[] };

/** Filters whose result depends on the clock, on chance or on the machine: the same release must give the same bytes. */
const impureFilters = [
  "date",
  "date_to_xmlschema",
  "date_to_rfc822",
  "date_to_string",
  "date_to_long_string",
  "sample",
];

const engine = makeEngine();

/** Renders a Liquid template strictly: undefined variables and unknown filters are problems, with line and column. */
export function renderTemplate(input: TemplateInput): TemplateResult {
  try {
    const text: unknown = engine.parseAndRenderSync(input.text, input.context);
    return { text: String(text), problems: [] };
  } catch (error) {
    const errors = hasErrors(error) ? error.errors : [error];
    return { text: null, problems: errors.map((each) => describeError(input, each)) };
  }
}

function makeEngine(): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    catchAllErrors: true,
    // Templates include nothing: what a file is made of stands in one place.
    templates: {},
    parseLimit: 1_000_000,
    renderLimit: 2_000,
    memoryLimit: 50_000_000,
  });
  for (const name of impureFilters) delete liquid.filters[name];
  return liquid;
}

function describeError(input: TemplateInput, error: unknown): Problem {
  const { message, undefinedName, line, column } = readLiquidError(error);
  const place = input.at ?? { line, column, path: "" };
  const sourceLine = input.at === undefined ? input.text.split("\n")[line - 1] : undefined;
  return {
    code: undefinedName === undefined ? "K1301" : "K1302",
    file: input.file,
    line: place.line,
    column: place.column,
    path: place.path,
    message: undefinedName === undefined ? `template: ${message}` : `undefined variable \`${undefinedName}\``,
    hint:
      undefinedName === undefined ? "Correct the Liquid syntax here." : hintFor(undefinedName, input.context),
    ...(sourceLine === undefined ? {} : { sourceLine }),
  };
}

function readLiquidError(error: unknown) {
  const liquidError = isLiquidError(error) ? error : undefined;
  const [line, column] = (
    liquidError?.token as { getPosition?: () => [number, number] } | undefined
  )?.getPosition?.() ?? [1, 1];
  const raw = error instanceof Error ? error.message : String(error);
  const undefinedName = /undefined variable: ([^,\s]+)/.exec(raw)?.[1];
  // The library appends `, file:…, line:1, col:1` and a code frame; ours say that in one way for everything.
  const message = (raw.split("\n")[0] ?? raw).replace(/, (file|line):.*$/, "");
  return { message, undefinedName, line, column };
}

/** With `catchAllErrors` the library throws one error that holds all of them. */
function hasErrors(error: unknown): error is { errors: unknown[] } {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function isLiquidError(error: unknown): error is LiquidError {
  return error instanceof Error && "token" in error;
}

function hintFor(name: string, context: Record<string, unknown>): string {
  const parts = name.split(".");
  let scope: unknown = context;
  let known = "";
  for (const part of parts.slice(0, -1)) {
    if (!isRecord(scope) || !Object.hasOwn(scope, part)) break;
    scope = scope[part];
    known = known === "" ? part : `${known}.${part}`;
  }
  const keys = isRecord(scope) ? Object.keys(scope).sort(compareText) : [];
  const where = known === "" ? "Templates see" : `\`${known}\` has`;
  return keys.length === 0
    ? `${where} nothing else.`
    : `${where}: ${keys.slice(0, 12).join(", ")}${keys.length > 12 ? ", …" : ""}.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
