export { formatPlan } from "./format-plan.ts";
export { type PlanInput, orderInstances, planChanges } from "./plan-changes.ts";
export { findCopies } from "./service-containers.ts";
export type { PlanPolicy } from "./removal.ts";
