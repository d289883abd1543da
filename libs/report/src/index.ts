export { formatProblem, formatProblems } from "./problem.ts";
export { type FleetInput, type FleetRow, type FleetState, fleetStates, summarizeFleet } from "./fleet.ts";
export type { FleetPlace, FleetStatus } from "./fleet-status.ts";
export {
  describeFleetChanges,
  describeFleetState,
  formatFleetReason,
  formatNextTry,
  formatFleetSummary,
  formatStateAge,
  formatStatusAge,
} from "./fleet-text.ts";
export {
  type CommitFacts,
  type WaitEnd,
  type WaitState,
  describeLaterCommits,
  describeWaitEnd,
  judgeWait,
} from "./fleet-wait.ts";
export { formatSuspension } from "./suspension-text.ts";
export { formatBecause } from "./target-text.ts";
export { buildStatus } from "./build-status.ts";
export { withWork } from "./status-conditions.ts";
export { failedRunCode } from "./job-status.ts";
export { isAllHealthy } from "./instance-status.ts";
export { type ShownGrant, formatGrants } from "./grant-text.ts";
export { formatOperation, isMereStep } from "./operation-text.ts";
export type { Paint } from "./paint.ts";
export { formatPlanSummary } from "./plan-text.ts";
export { formatPackage } from "./package-text.ts";
export { addPassedOver, addReported } from "./reported-condition.ts";
export { saysNothingNew, tellsOtherRuns, untilPublishMs } from "./status-news.ts";
export { formatSettingChanges } from "./setting-text.ts";
export { formatReleaseDifference } from "./release-text.ts";
export { formatStatusHeading, formatStatusMarkdown } from "./status-markdown.ts";
export { fitStatus } from "./status-size.ts";
export { escapeLines, escapePainted, escapeText, formatJson } from "./visible-text.ts";
export type { StatusInput } from "./status-input.ts";
export { judgeState } from "./evident-state.ts";
