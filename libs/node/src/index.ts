export { readAgentConfig, readAgentDocument } from "./agent-config-file.ts";
export { type OrphanFolder, findOrphanFolders } from "./orphan-folder.ts";
export { findOrphanVolumes } from "./orphan-volume.ts";
export type { LostVolume, OrphanVolume } from "./orphan-volume.ts";
export { type EnvironmentNames, listFleetNames } from "./fleet-names.ts";
export { type ImportRequest, type StateImport, proposeState, writeState } from "./import-state.ts";
export { initState } from "./init-state.ts";
export type { NewState } from "./init-state.ts";
export { renewInstance } from "./renew-instance.ts";
export type { RenewalRequest, RenewedInstance } from "./renew-instance.ts";
export { type ReleaseName, readReleaseName } from "./release-name.ts";
export { type LockedDigest, findCommittedRelease, readLockedDigests } from "./locked-release.ts";
export { acceptRevision } from "./accept-revision.ts";
export { type DockerConfigPlace, dockerConfigPlace } from "./docker-config-place.ts";
export { readBootId } from "./boot-id.ts";
export { findStatusFault, readLocalStatus } from "./local-status.ts";
export { overlayMemory } from "./memory.ts";
export {
  type EngineSettings,
  type ExecIn,
  type LogsOf,
  type NodeEngine,
  type TimedLogLine,
  wireEngine,
} from "./node-engine.ts";
export {
  type NodeSettings,
  controlPath,
  gitPath,
  hostSettings,
  lockPath,
  recordPath,
  dataSettings,
  waitSettings,
  ageKeyPath,
} from "./node-settings.ts";
export { findRecipient, makeRecipient } from "./node-recipient.ts";
export { type ApplyInput, wireApply } from "./wire-apply.ts";
export { type WireInput, wireDesired } from "./wire-desired.ts";
export { wirePlan } from "./wire-plan.ts";
export { type RunIn, type RunSettings, runService } from "./run-service.ts";
export { type ScheduledRun, type ScheduledRunEnd, runScheduled } from "./run-scheduled.ts";
export { remotesOf } from "./remote-host.ts";
export { requireFreeHands } from "./free-hands.ts";
export { type SeenAgent, seeAgent } from "./agent-work.ts";
export {
  type ChangedSecrets,
  type SecretsPlace,
  openSecret,
  rotateSecrets,
  sealFile,
  setSecret,
} from "./sealed-change.ts";
export { readRecipient } from "@keelson/secrets";
export { type ListedFile, type ListedSecret, listSecrets } from "./sealed-list.ts";
export type { SecretsOwner } from "./sealed-state.ts";
export { readSuspension, resumeNode, suspendNode } from "./suspension.ts";
export { syncAgent } from "./sync-agent.ts";
export { readPublishedStatus, statusPlace, wireStatus } from "./wire-status.ts";
export { wireSource } from "./wire-source.ts";
export { expectComposeBinary, findComposeBinary } from "@keelson/compose";
export { type LockChange, type MadeLock, commitLocks, makeLocks, writeLocks } from "./lock-state.ts";
export {
  type StateUpgrade,
  commitUpgrade,
  proposeUpgrade,
  requireCommittable,
  versionsOf,
  writeUpgrade,
} from "./upgrade-state.ts";
export { compareWorkTree } from "./compared-release.ts";
export {
  type PublishedRelease,
  findChangedReleases,
  missingRelease,
  publishRelease,
} from "./published-release.ts";
export {
  type ImageChange,
  type ImageLockRequest,
  type MadeImageLock,
  makeImageLocks,
  writeImageLocks,
} from "./image-lock-state.ts";
export { type NewRelease, beginRelease } from "./new-release.ts";
export { type ListedRelease, listWorkTreeReleases } from "./listed-release.ts";
export { type StoredRelease, collectStore, listStore, stageOnNode, verifyStore } from "./node-store.ts";
export { findEvidence } from "./instance-evidence.ts";
