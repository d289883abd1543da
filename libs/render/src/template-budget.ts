import { TemplateRefusal } from "./template-refusal.ts";

/** What templates may make and do. Counted, not timed: a slow node must come to the same end as a fast one. */
export interface TemplateCosts {
  /** Characters of text and places in lists that come into being, on the way to a result too. */
  made: number;
  /** Tags, outputs, turns of loops, and characters that are read. */
  steps: number;
}

/** What all templates of a node may cost, and those of one instance. */
export const nodeLimits: TemplateCosts = { made: 64_000_000, steps: 64_000_000 };
export const instanceLimits: TemplateCosts = { made: 16_000_000, steps: 16_000_000 };

/** Lists in lists: deeper is no configuration, and each level takes a stack frame to write. */
export const nestingLimit = 100;

/** Tags in tags; each takes stack frames, and machines differ in how many they have. */
const blockLimit = 100;

/** What is left of what the templates of one instance may cost: of all its files and variables together. */
export class TemplateBudget {
  readonly limits: TemplateCosts;
  readonly spent: TemplateCosts = { made: 0, steps: 0 };
  #blocks = 0;

  constructor(limits: TemplateCosts = instanceLimits) {
    this.limits = limits;
  }

  /** Whether it was overdrawn: nothing more is rendered with it, and the problem has been given. */
  get isSpent(): boolean {
    return this.spent.made > this.limits.made || this.spent.steps > this.limits.steps;
  }

  /** Counts before anything is made. Throws K1315 when that is too much. */
  make(characters: number): void {
    this.#spend("made", characters);
  }

  /** Counts before anything is done. Throws K1315 when that is too much. */
  step(steps: number): void {
    this.#spend("steps", steps);
  }

  /** Throws K1315 when blocks are nested too deeply. */
  enter(): void {
    if (++this.#blocks > blockLimit) throw tooDeep(`tags are nested more than ${blockLimit} deep`);
  }

  leave(): void {
    this.#blocks--;
  }

  #spend(kind: keyof TemplateCosts, amount: number): void {
    // A cost that is no number, or infinite, is too much.
    this.spent[kind] += amount >= 0 ? amount : Number.POSITIVE_INFINITY;
    if (!this.isSpent) return;
    const limit = this.limits[kind].toLocaleString("en-US");
    throw new TemplateRefusal({
      code: "K1315",
      message:
        kind === "made"
          ? `the templates of the instance make too much text (over ${limit} characters in all files, intermediate results included)`
          : `the templates of the instance take too long (over ${limit} steps, all files together)`,
      hint: "Loop over a list of the settings, not over numbers. Give files that never change a name without .liquid: they are copied.",
    });
  }
}

/** Of lists, or of tags. */
export function tooDeep(message: string): TemplateRefusal {
  return new TemplateRefusal({ code: "K1315", message, hint: "Write it flat, or in several files." });
}

/**
 * The budgets of a node's instances, one after the other in a fixed order. Each gets up to the limit of one, as long as
 * half of an equal share stays for each that comes after it: no instance can use up what another needs.
 */
export function newBudgets(instances: number): () => TemplateBudget {
  const given: TemplateBudget[] = [];
  return () => {
    const after = instances - given.length - 1;
    const limitOf = (kind: keyof TemplateCosts) => {
      const spent = given.reduce((sum, budget) => sum + Math.min(budget.spent[kind], budget.limits[kind]), 0);
      const reserve = nodeLimits[kind] / (2 * instances);
      return Math.floor(Math.min(instanceLimits[kind], nodeLimits[kind] - spent - reserve * after));
    };
    const budget = new TemplateBudget({ made: limitOf("made"), steps: limitOf("steps") });
    given.push(budget);
    return budget;
  };
}
