import { CaseTag, type Context, Drop, type Emitter, defaultOperators, evalToken } from "liquidjs";

import { budgetOf } from "./template-context.ts";
import { searchSteps } from "./template-filter.ts";
import { type Measure, measure } from "./template-measure.ts";
import { hiddenSecret } from "./template-refusal.ts";
import type { TemplateBudget } from "./template-budget.ts";

/** They only ask whether there is something. */
const asking: readonly string[] = ["and", "or", "not"];

/** The library's operators; each counts what it reads, and refuses to look into the placeholder of a secret. */
export const countedOperators = Object.fromEntries(
  Object.entries(defaultOperators).map(([name, operator]) => {
    if (asking.includes(name)) return [name, operator];
    return [
      name,
      (left: unknown, right: unknown, context: Context) => {
        countComparison([left, right], { budget: budgetOf(context), searches: name === "contains" });
        return operator(left, right, context);
      },
    ];
  }),
);

function countComparison(
  [left, right]: [unknown, unknown],
  { budget, searches }: { budget: TemplateBudget; searches: boolean },
): void {
  const [whole, part] = [measure(left, budget), measure(right, budget)];
  if (looksInto({ value: left, ...whole }, right) || looksInto({ value: right, ...part }, left)) {
    throw hiddenSecret("a comparison", "look into");
  }
  budget.step(whole.size + part.size);
  if (!searches) return;
  if (Array.isArray(left)) budget.step(left.length * part.size);
  else budget.step(searchSteps(whole.size, part.size));
}

/** Only that a secret exists and is not empty is known. */
function looksInto({ value, holdsSecret }: Measure & { value: unknown }, other: unknown): boolean {
  const isEmpty = other === "" || other === null || other === undefined || other instanceof Drop;
  return holdsSecret && typeof value === "string" && !isEmpty;
}

/** `case` compares by itself. */
export class CountedCase extends CaseTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const budget = budgetOf(context);
    const lenient = context.opts.lenientIf;
    const target: unknown = yield this.value.value(context, lenient);
    for (const token of this.branches.flatMap(({ values }) => values)) {
      const value: unknown = yield evalToken(token, context, lenient);
      countComparison([target, value], { budget, searches: false });
    }
    yield* super.render(context, emitter);
  }
}
