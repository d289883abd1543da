export { formatPlan } from "./format-plan.ts";
export { describeApplied } from "./instance-order.ts";
export { type PlanInput, planChanges } from "./plan-changes.ts";
export type { PlanPolicy } from "./mass-removal.ts";
export { type RestlessService, findRestless } from "./restless.ts";
export { rememberVolumes } from "./known-volume.ts";
export { buildRecord } from "./remembered.ts";
export { emptyObserved, simulate } from "./simulate.ts";
export type { SimulatedNode } from "./simulated-node.ts";
