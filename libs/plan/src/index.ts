export { findSecretsToCompare } from "./adopted-secret.ts";
export { findBoundFiles } from "./adopted-place.ts";
export { findAwaited } from "./awaited.ts";
export { formatPlan } from "./format-plan.ts";
export { isHold } from "./held-instance.ts";
export { findHostPaths } from "./host-path.ts";
export { describeApplied, describeFollowed } from "./instance-order.ts";
export { type PlanInput, planChanges } from "./plan-changes.ts";
export type { PlanPolicy } from "./plan-policy.ts";
export { type RestlessService, findRestless } from "./restless.ts";
export { rememberFolders } from "./known-folder.ts";
export { rememberVolumes } from "./known-volume.ts";
export { buildRecord } from "./remembered.ts";
export { emptyObserved, simulate } from "./simulate.ts";
export type { SimulatedNode } from "./simulated-node.ts";
export {
  type StagedReason,
  type StagedScene,
  chooseStagedToRemove,
  findMountedEntries,
  findStagedReasons,
} from "./staged-choice.ts";
