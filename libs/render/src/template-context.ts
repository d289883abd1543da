import { Context, type Liquid, TokenKind, Tokenizer, TypeGuards, evalTokenValue } from "liquidjs";

import { isRecord } from "./is-record.ts";
import type { TemplateBudget } from "./template-budget.ts";
import { holdsMark, measure, placeSize, scalarSize } from "./template-measure.ts";
import { TemplateRefusal, hiddenSecret } from "./template-refusal.ts";

/** The variables of one rendering, and the budget from which all of it is paid. */
export class CountedContext extends Context {
  readonly budget: TemplateBudget;

  constructor(scope: object, { liquid, budget }: { liquid: Liquid; budget: TemplateBudget }) {
    super(scope, liquid.options, { sync: true }, { liquid });
    this.budget = budget;
  }

  /** A template that gets a list may go through all of it. */
  override *_getFromScope(...of: Parameters<Context["_getFromScope"]>): IterableIterator<unknown> {
    // oxlint-disable-next-line no-underscore-dangle -- the library's name
    const value: unknown = yield super._getFromScope(...of);
    if (Array.isArray(value)) this.budget.step(value.length);
    // Its keys and values become a list of pairs.
    else if (isRecord(value)) this.budget.step(measure(value, this.budget).length * 4);
    return value;
  }

  override readProperty(...[of, key]: Parameters<Context["readProperty"]>): unknown {
    const whole: unknown = of;
    if (typeof whole === "string" && holdsMark(whole))
      throw hiddenSecret("taking a part or the size", "look into");
    // The keys are counted anew each time.
    if (key === "size" && isRecord(whole)) this.budget.step(measure(whole, this.budget).length);
    return super.readProperty(of, key);
  }

  override spawn(scope: object = {}): Context {
    return new CountedContext(scope, { liquid: this.liquid, budget: this.budget });
  }
}

export function budgetOf(context: Context): TemplateBudget {
  if (context instanceof CountedContext) return context.budget;
  throw new Error("a template is rendered without a budget");
}

// oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
const readGroupOrRange = Tokenizer.prototype.readGroupOrRange;

/** The library makes a list of a range, and never ends where adding one changes nothing: above 2^53. */
Tokenizer.prototype.readGroupOrRange = function (this: Tokenizer) {
  const token = readGroupOrRange.call(this);
  if (token !== undefined && TypeGuards.isRangeToken(token)) {
    const { lhs, rhs } = token;
    const initial = {
      *evaluate(context: Context) {
        const low: unknown = yield evalTokenValue(lhs, context);
        const high: unknown = yield evalTokenValue(rhs, context);
        countRange({ low, high }, budgetOf(context));
        return high;
      },
    };
    Object.assign(token, { rhs: { kind: TokenKind.FilteredValue, initial, filters: [] } });
  }
  return token;
};

function countRange({ low, high }: { low: unknown; high: unknown }, budget: TemplateBudget): void {
  for (const end of [low, high]) {
    if (typeof end === "string" && holdsMark(end)) throw hiddenSecret("a range", "look into");
    if (Number.isSafeInteger(Math.floor(Number(end)))) continue;
    throw new TemplateRefusal({
      message: "an end of the range is not a whole number",
      hint: "Write (1..3), or name settings that are numbers.",
    });
  }
  budget.make(Math.max(0, Number(high) - Number(low) + 1) * (placeSize + scalarSize));
}
