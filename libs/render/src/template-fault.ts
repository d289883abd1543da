import { hintFor } from "@keelson/model";

import { impureFilters, refusedTags, vocabulary } from "./template-engine.ts";
import { tooDeep } from "./template-budget.ts";
import { TemplateRefusal } from "./template-refusal.ts";

/** One thing that is wrong with a template; line and column count from 1. */
export interface TemplateFault {
  code: string;
  line: number;
  column: number;
  message: string;
  hint: string;
  /** The variable, when that is what is wrong. */
  undefinedName?: string;
}

/** What the template engine threw, one by one: blocks wrap what went wrong in them. */
export function findFaults(error: unknown): TemplateFault[] {
  const inner = errorsIn(error) ?? errorsIn(causeOf(error));
  return inner === null ? [describe(error)] : inner.flatMap(findFaults);
}

/** With `catchAllErrors` the engine throws one error that holds all of them (liquidjs, LiquidErrors). */
function errorsIn(error: unknown): unknown[] | null {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors) ? error.errors : null;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && "originalError" in error ? error.originalError : undefined;
}

function describe(error: unknown): TemplateFault {
  const [line, column] = positionOf(error);
  const cause = causeOf(error);
  const refusal = [error, cause].find((each) => each instanceof TemplateRefusal);
  if (refusal !== undefined) {
    const { code, message, hint } = refusal;
    return { code, line, column, message, hint };
  }
  if (cause instanceof Error && "variableName" in cause && typeof cause.variableName === "string") {
    return { code: "K1302", line, column, message: "", hint: "", undefinedName: cause.variableName };
  }
  const raw = error instanceof Error ? error.message : String(error);
  // The library appends `, file:…, line:1, col:1` and a code frame; a problem has fields of its own for these.
  const message = (raw.split("\n")[0] ?? raw).replace(/, (?:file|line):.*$/, "");
  // The parser calls itself for each tag in a tag.
  if ([error, cause].some((each) => each instanceof RangeError && /call stack/.test(each.message))) {
    const { code, message, hint } = tooDeep("the template is nested too deeply");
    return { code, line, column, message, hint };
  }
  return { code: "K1301", line, column, ...explain(message) };
}

function positionOf(error: unknown): [number, number] {
  if (!(error instanceof Error) || !("token" in error)) return [1, 1];
  const { token } = error;
  if (typeof token !== "object" || token === null || !("getPosition" in token)) return [1, 1];
  const position: unknown = typeof token.getPosition === "function" ? token.getPosition() : null;
  if (!Array.isArray(position)) return [1, 1];
  return [Number(position[0]) || 1, Number(position[1]) || 1];
}

/** The messages of liquidjs 10 in our words, as far as we know them. */
function explain(message: string): { message: string; hint: string } {
  const filter = /^undefined filter: (\S+)$/.exec(message)?.[1];
  if (filter !== undefined) return explainFilter(filter);
  const tag = /^tag "?([^"\s]+)"? not found$/.exec(message)?.[1];
  if (tag !== undefined) return explainTag(tag);
  return {
    message: `template: ${message}`,
    hint: "Write {{ value }} or {% tag %}; put literal text between {% raw %} and {% endraw %}.",
  };
}

function explainFilter(name: string): { message: string; hint: string } {
  const message = `unknown filter \`${name}\``;
  if (impureFilters.includes(name)) {
    return { message, hint: "Leave it out: its result changes with the time or with the machine." };
  }
  const hint = hintFor(name, { known: vocabulary.filters, as: "filters" });
  return { message, hint: hint ?? "The filters are those of liquidjs." };
}

function explainTag(name: string): { message: string; hint: string } {
  const message = `unknown tag \`${name}\``;
  if (refusedTags.includes(name)) {
    return { message, hint: "Write the text here: a template cannot use other files." };
  }
  if (name.startsWith("end") || name === "else" || name === "elsif" || name === "when") {
    return { message, hint: "Remove it, or open the tag that it belongs to before it." };
  }
  const hint = hintFor(name, { known: vocabulary.tags, as: "tags" });
  return { message, hint: hint ?? "The tags are those of Liquid." };
}
