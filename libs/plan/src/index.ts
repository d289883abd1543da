export { formatPlan } from "./format-plan.ts";
export { describeApplied } from "./instance-order.ts";
export { type PlanInput, planChanges } from "./plan-changes.ts";
export type { PlanPolicy } from "./mass-removal.ts";
export { type SimulatedNode, emptyObserved, simulate } from "./simulate.ts";
