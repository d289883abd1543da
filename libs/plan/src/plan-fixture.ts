import { type Plan, widestWaits } from "@keelson/model";

import { formatPlan } from "./format-plan.ts";
import { frozenCopy } from "./frozen-fixture.ts";
import { type PlanInput, planChanges } from "./plan-changes.ts";

/** For tests that take away more of their small node than a mistake may. */
export const permitted = { allowMassRemoval: true };

type LooseInput = Omit<PlanInput, "policy"> & { policy?: Partial<PlanInput["policy"]> };

/** Made from an input that cannot be changed: planning has no hidden effect in any test. */
export function planOf(input: LooseInput): Plan {
  return planChanges(frozenCopy(withPolicy(input)));
}

export function withPolicy({ policy, ...input }: LooseInput): PlanInput {
  return {
    ...input,
    policy: { allowMassRemoval: false, partial: false, waits: widestWaits, allow: {}, ...policy },
  };
}

export function planText(input: LooseInput): string {
  return formatPlan(planOf(input));
}
