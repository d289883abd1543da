import { Liquid } from "liquidjs";

import { TemplateRefusal } from "./template-refusal.ts";

/** Filters whose result depends on the clock, on chance or on the machine: the same release must give the same bytes. */
export const impureFilters: readonly string[] = [
  "date",
  "date_to_xmlschema",
  "date_to_rfc822",
  "date_to_string",
  "date_to_long_string",
  "sample",
];

/** What a file is made of stands in one place, and one file's text must not change what the next one sees. */
export const refusedTags: readonly string[] = [
  "include",
  "render",
  "layout",
  "block",
  "increment",
  "decrement",
];

/** Filters that write their input as it is, so that a secret in it stays whole. */
const harmlessFilters: readonly string[] = ["append", "prepend", "default", "raw", "json", "jsonify"];

/** Each problem costs as much as the text is long: of a long one only the first is looked for. */
const longestForAllProblems = 16_000;
const thorough = makeEngine({ catchAllErrors: true });
const brief = makeEngine({ catchAllErrors: false });

export function engineFor(text: string): Liquid {
  return text.length > longestForAllProblems ? brief : thorough;
}

/** What a template may use, for suggestions. */
export const vocabulary = { filters: Object.keys(thorough.filters), tags: Object.keys(thorough.tags) };

function makeEngine({ catchAllErrors }: { catchAllErrors: boolean }): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    catchAllErrors,
    templates: {},
    // Not those of the machine: a template says the same everywhere. Asking for them also takes 15 ms.
    locale: "en-US",
    timezoneOffset: 0,
    outputEscape: (value: unknown) => writable(value),
    // The parser's time grows with the square of the number of tags.
    parseLimit: 250_000,
    renderLimit: 2_000,
    memoryLimit: 50_000_000,
  });
  for (const name of impureFilters) delete liquid.filters[name];
  for (const name of refusedTags) delete liquid.tags[name];
  for (const [name, filter] of Object.entries(liquid.filters)) {
    if (harmlessFilters.includes(name)) continue;
    const { handler, raw } = typeof filter === "function" ? { handler: filter, raw: false } : filter;
    liquid.registerFilter(name, {
      raw: raw ?? false,
      handler(value: unknown, ...more: unknown[]) {
        if ([value, ...more].some(holdsSecret)) throw changedSecret(name);
        return handler.apply(this, [value, ...more]);
      },
    });
  }
  return liquid;
}

/** Only what has one obvious text is written; a list would be run together and a map be `[object Object]`. */
function writable(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    throw new TemplateRefusal({
      message: `${Array.isArray(value) ? "a list" : "a map"} cannot be written as text`,
      hint: Array.isArray(value)
        ? 'Write it with {% for %}, with `| join: ", "` or with `| json`.'
        : "Write one of its keys, or all of it with `| json`.",
    });
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TemplateRefusal({
      message: `the result is no number (${value})`,
      hint: "Look for a division by zero.",
    });
  }
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  return typeof value === "string" && /__secret-[0-9a-f]{32}-/.test(value);
}

/** The value is filled in on the node: what a filter would change here is only what stands for it. */
function changedSecret(filter: string): TemplateRefusal {
  return new TemplateRefusal({
    code: "K1309",
    message: `the filter ${filter} cannot change a secret, whose value is not known here`,
    hint: "Write the secret as it is, {{ secrets.<name> }}.",
  });
}
