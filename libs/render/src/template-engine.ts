import { Liquid, type Template } from "liquidjs";

import type { TemplateBudget } from "./template-budget.ts";
import { CountedContext } from "./template-context.ts";
import { countFilters } from "./template-filter.ts";
import { CountedCase, countedOperators } from "./template-operator.ts";
import { TemplateRefusal } from "./template-refusal.ts";
import { rendererOf } from "./template-renderer.ts";
import { writable } from "./writable.ts";

/** Filters whose result depends on the clock, on chance or on the machine: the same release must give the same bytes. */
export const impureFilters: readonly string[] = [
  "date",
  "date_to_xmlschema",
  "date_to_rfc822",
  "date_to_string",
  "date_to_long_string",
  "sample",
];

/** A template is one file, and rendering one must not change what the next one sees. */
export const refusedTags: readonly string[] = [
  "include",
  "render",
  "layout",
  "block",
  "increment",
  "decrement",
];

/** The search for each problem takes time by the length of the text: in a long text it ends at the first. */
const longestForAllProblems = 16_000;
const longest = 250_000;
const thorough = makeEngine({ findsAll: true });
const brief = makeEngine({ findsAll: false });

/** What a template may use, for suggestions. */
export const vocabulary = { filters: Object.keys(thorough.filters), tags: Object.keys(thorough.tags) };

/** The text that a template makes of its context. Throws what the library throws, and `TemplateRefusal`. */
export function renderText(
  text: string,
  { context, budget }: { context: object; budget: TemplateBudget },
): string {
  const liquid = text.length > longestForAllProblems ? brief : thorough;
  countParsing(text, budget);
  const templates: Template[] = liquid.parse(text);
  const rendered: unknown = liquid.renderSync(templates, new CountedContext(context, { liquid, budget }));
  return String(rendered);
}

/** The parser takes each token from the front of a list of them all, which takes time by the square of their number. */
function countParsing(text: string, budget: TemplateBudget): void {
  if (text.length > longest) {
    throw new TemplateRefusal({
      code: "K1315",
      message: `the template is too long (over ${longest.toLocaleString("en-US")} characters)`,
      hint: "Split it into several files. Give parts that never change a name without .liquid: they are copied.",
    });
  }
  const tokens = text.split(/\{[{%]/).length;
  budget.step(text.length + tokens * 20 + tokens ** 2 / 250);
}

function makeEngine({ findsAll }: { findsAll: boolean }): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    catchAllErrors: findsAll,
    templates: {},
    // Not those of the machine: a template says the same everywhere. Asking for them also takes 15 ms.
    locale: "en-US",
    timezoneOffset: 0,
    operators: countedOperators,
    outputEscape: (value: unknown) => writable(value),
  });
  for (const name of impureFilters) delete liquid.filters[name];
  for (const name of refusedTags) delete liquid.tags[name];
  countFilters(liquid);
  liquid.registerTag("case", CountedCase);
  liquid.renderer.renderTemplates = rendererOf({ findsAll });
  return liquid;
}
