export { formatPlan } from "./format-plan.ts";
export { type PlanInput, orderInstances, planChanges } from "./plan-changes.ts";
export type { PlanPolicy } from "./removal.ts";
