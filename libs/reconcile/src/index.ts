export type { OperationResult } from "./operation-attempt.ts";
export type {
  DesiredPorts,
  EngineRequest,
  OperationContext,
  OperationPorts,
  NodePorts,
  Ports,
  ReadPorts,
  StorePort,
  MemoryPort,
  RecordPort,
  StatusPort,
} from "./ports.ts";
export {
  type Round,
  type RoundOptions,
  describeUnbegun,
  planOnce,
  readDesired,
  reconcileOnce,
  reportLost,
} from "./reconcile-once.ts";
export { chooseTarget, shownCommit, targetAt } from "./choose-target.ts";
export { type FollowedPort, type SourcePorts, findCandidate } from "./find-candidate.ts";
export type { NextRoundFacts } from "./next-round.ts";
export type { RetryPolicy } from "./round-outcome.ts";
export { type CheckResult, checkRevision } from "./check-revision.ts";
export { type JobState } from "./scheduled-jobs.ts";
export { readLocal } from "./read-local.ts";
export { readOnward } from "./read-onward.ts";
export { type Timetable, openTimetable } from "./timetable.ts";
export { planBetween } from "./plan-between.ts";
export { listSettingChanges } from "./setting-changes.ts";
export { type Walk, policyOf } from "./walk-path.ts";
export { type AskedGrant, type AskedGrants, type Place, findAskedGrants } from "./asked-grant.ts";
export { type ImportProposal, proposeImport } from "./propose-import.ts";
export { resolvedOnce } from "./resolved-once.ts";
export type { JoinedNetwork } from "./shared-network.ts";
export { withTexts } from "./documented-snapshot.ts";
export { type ComparedReleases, compareVersions } from "./compared-release.ts";
export type { LockOwner } from "./lock-owner.ts";
export { type PackageImages, findPackageImages } from "./package-images.ts";
export { type StagedOnce, stageOnce } from "./stage-once.ts";
export type { StagedImage } from "./staged-images.ts";
export { type KeptRelease, collectUnneeded, listKept } from "./kept-release.ts";
