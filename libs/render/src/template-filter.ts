import type { Liquid } from "liquidjs";

import type { TemplateBudget } from "./template-budget.ts";
import { budgetOf } from "./template-context.ts";
import { type Measure, holdsJsonMark, measure, placeSize, withJsonMarks } from "./template-measure.ts";
import { hiddenSecret } from "./template-refusal.ts";

/** Filters that write their input as it is, so that a secret in it stays whole. */
const harmless: readonly string[] = ["append", "prepend", "default", "raw", "json", "jsonify"];

/** The cost of each call. */
const stepsOfFilter = 20;
/** The cost of each item that a filter reads. */
const stepsOfItem = 10;

/** The ones among these that write their input with the escapes of JSON. */
const escaping: readonly string[] = ["json", "jsonify"];

/** A filter's input and arguments, and what they weigh. */
interface Call {
  values: readonly unknown[];
  measures: readonly Measure[];
  /** Of all of them. */
  size: number;
  /** Items of the input when it is a list. */
  items: number;
}

/** Counts what a filter is about to make and do. */
type Cost = (call: Call, budget: TemplateBudget) => void;

/** Text of at most so many characters for each of the input's. */
function grows(factor: number): Cost {
  return ({ size }, budget) => {
    budget.make(size * factor);
    budget.step(size);
  };
}

/** A list of parts that are there already, or one of them. */
const picks: Cost = ({ values, measures, items }, budget) => {
  const added = Array.isArray(values[1]) ? (measures[1]?.length ?? 0) : 1;
  budget.step(items * perItem({ values, measures }));
  budget.make((items + added) * placeSize);
};

/** The cost of one item: each argument, which is a name, an expression or a value to compare with, is applied to it. */
function perItem({ values, measures }: Pick<Call, "values" | "measures">): number {
  return measures.slice(1).reduce((sum, { size }, index) => {
    return Array.isArray(values[index + 1]) ? sum : sum + size;
  }, 1);
}

/** Lists of texts, and groups: each part gets places of its own. */
function parts(each: number): Cost {
  return ({ values, measures, size, items }, budget) => {
    budget.step(size + items * perItem({ values, measures }));
    budget.make(size + Math.max(items, measures[0]?.length ?? 0) * each * placeSize);
  };
}

/** Reads each item, and compares a part of it with an argument as a whole. */
const reads: Cost = ({ measures, items }, budget) => {
  const compared = measures.slice(1).reduce((sum, { size }) => sum + size, 0);
  budget.step(items * (stepsOfItem + compared));
  budget.make(items * placeSize);
};

/** Compares items as a whole with one another. */
const sorts: Cost = (call, budget) => {
  budget.step(call.size * Math.ceil(Math.log2(call.items + 2)));
  budget.make(call.items * placeSize * 4);
  reads(call, budget);
};

/** The search of JavaScript for a text may read all of it again at each character. */
export function searchSteps(text: number, pattern: number): number {
  return text * Math.ceil((pattern + 1) / 16);
}

function searches(cost: Cost): Cost {
  return (call, budget) => {
    budget.step(searchSteps(call.measures[0]?.size ?? 0, call.measures[1]?.size ?? 0));
    cost(call, budget);
  };
}

const joins: Cost = (call, budget) => {
  const [, separator] = call.measures;
  budget.make(call.items * (separator?.size ?? 1));
  grows(1)(call, budget);
};

const replaces: Cost = (call, budget) => {
  const [text, pattern] = call.values;
  const size = call.measures[0]?.size ?? 0;
  const count = typeof text === "string" && typeof pattern === "string" ? occurrences(text, pattern) : size;
  budget.make(count * (call.measures[2]?.size ?? 0) + size);
};

function occurrences(text: string, pattern: string): number {
  return pattern === "" ? text.length : text.split(pattern).length - 1;
}

/** Up to ten characters for each level before each item (JSON.stringify), six for a control character. */
const writesJson: Cost = ({ measures: [value, indent] }, budget) => {
  const size = value?.size ?? 0;
  budget.step(size);
  budget.make(size * (indent === undefined ? 6 : 6 + 2 * (value?.depth ?? 0)));
};

/** By filter; what is not named here is not offered. */
const costs: Readonly<Record<string, Cost>> = {
  ...named(grows(1), ["append", "prepend", "remove_first", "remove_last", "replace_first", "replace_last"]),
  ...named(grows(1), [
    "default",
    "raw",
    "lstrip",
    "rstrip",
    "strip",
    "strip_html",
    "strip_newlines",
    "squish",
    "normalize_whitespace",
  ]),
  ...named(grows(1), [
    "truncate",
    "truncatewords",
    "number_of_words",
    "url_decode",
    "base64_decode",
    "size",
    "array_to_sentence_string",
    "slice",
  ]),
  ...named(grows(1), [
    "abs",
    "at_least",
    "at_most",
    "ceil",
    "divided_by",
    "floor",
    "minus",
    "plus",
    "modulo",
    "times",
    "round",
    "to_integer",
  ]),
  ...named(grows(3), ["upcase", "downcase", "capitalize", "sha256", "hmac_sha256"]),
  ...named(grows(4), ["base64_encode"]),
  ...named(grows(6), ["slugify"]),
  ...named(grows(9), ["escape", "xml_escape", "escape_once", "newline_to_br"]),
  ...named(grows(9), ["url_encode", "cgi_escape", "uri_escape"]),
  ...named(picks, [
    "first",
    "last",
    "reverse",
    "compact",
    "concat",
    "push",
    "unshift",
    "pop",
    "shift",
    "uniq",
    "map",
  ]),
  ...named(sorts, ["sort", "sort_natural", "sum"]),
  ...named(reads, ["where", "reject", "has", "find", "find_index"]),
  ...named(reads, ["where_exp", "reject_exp", "has_exp", "find_exp", "find_index_exp"]),
  ...named(parts(10), ["group_by", "group_by_exp"]),
  ...named(writesJson, ["json", "jsonify", "inspect"]),
  ...named(searches(parts(2)), ["split"]),
  ...named(searches(parts(2)), ["remove"]),
  replace: searches(replaces),
  join: joins,
};

function named(cost: Cost, names: readonly string[]): Record<string, Cost> {
  return Object.fromEntries(names.map((name) => [name, cost]));
}

/** Makes each filter count before it works, and refuse what only stands for a secret. Those without a cost go. */
export function countFilters(liquid: Liquid): void {
  for (const [name, filter] of Object.entries(liquid.filters)) {
    const cost = costs[name];
    if (cost === undefined) {
      delete liquid.filters[name];
      continue;
    }
    const { handler, raw } = typeof filter === "function" ? { handler: filter, raw: false } : filter;
    liquid.registerFilter(name, {
      raw: raw ?? false,
      *handler(...values: [unknown, ...unknown[]]) {
        const budget = budgetOf(this.context);
        const measures = values.map((value) => measure(value, budget));
        const size = measures.reduce((sum, each) => sum + each.size, 0);
        if (!harmless.includes(name) && measures.some(({ holdsSecret }) => holdsSecret)) {
          throw hiddenSecret(`the filter ${name}`, "change");
        }
        budget.step(stepsOfFilter);
        cost({ values, measures, size, items: Array.isArray(values[0]) ? values[0].length : 0 }, budget);
        const made: unknown = yield handler.apply(this, values);
        measure(made, budget);
        if (!escaping.includes(name) || typeof made !== "string") return made;
        if (holdsJsonMark(made)) throw hiddenSecret(`the filter ${name} after another one`, "change");
        return withJsonMarks(made);
      },
    });
  }
}
