import { type Context, type Emitter, LiquidError, RenderError, type Template } from "liquidjs";

import type { TemplateBudget } from "./template-budget.ts";
import { budgetOf } from "./template-context.ts";
import { TemplateRefusal } from "./template-refusal.ts";
import { writable } from "./writable.ts";

/** The cost of each tag or output, besides its length. */
const stepsOfTemplate = 20;
const charactersPerStep = 8;

/**
 * Renders tags and texts one after the other, as the library does, and counts what they make, `capture` included, which the
 * library does not count. With `findsAll` it goes on after an error, but never over a limit.
 */
export function rendererOf({ findsAll }: { findsAll: boolean }) {
  return function* renderTemplates(
    templates: Template[],
    context: Context,
    emitter?: Emitter,
  ): IterableIterator<unknown> {
    const budget = budgetOf(context);
    const output = emitter ?? newEmitter(budget);
    const errors: Error[] = [];
    for (const template of templates) {
      try {
        const { begin, end } = template.token;
        budget.step(stepsOfTemplate + (end - begin) / charactersPerStep);
        budget.enter();
        const written: unknown = yield template.render(context, output);
        budget.leave();
        if (written !== undefined && written !== "") output.write(written);
      } catch (error) {
        budget.leave();
        const placed = placeError(error, template);
        if (!findsAll || isOverLimit(placed)) throw placed;
        errors.push(placed);
      }
      if (context.breakCalled || context.continueCalled) break;
    }
    if (errors.length > 0) throw new AggregateError(errors);
    return output.buffer;
  };
}

function newEmitter(budget: TemplateBudget): Emitter {
  const emitter = {
    buffer: "",
    write(value: unknown) {
      const text = writable(value);
      budget.make(text.length);
      emitter.buffer += text;
    },
  };
  return emitter;
}

function placeError(error: unknown, template: Template): Error {
  if (error instanceof AggregateError || LiquidError.is(error)) return error;
  return new RenderError(error instanceof Error ? error : new Error(String(error)), template);
}

function isOverLimit(error: unknown): boolean {
  for (
    let link = error;
    link instanceof Error;
    link = "originalError" in link ? link.originalError : undefined
  ) {
    if (link instanceof TemplateRefusal) return link.code === "K1315";
  }
  return false;
}
