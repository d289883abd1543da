export { connectEngine } from "./engine.ts";
export type { Engine, EngineAddress } from "./engine.ts";
export { containersOnly, observeEngine } from "./observation.ts";
export type { ObserveRequest } from "./observation.ts";
export type { DesiredPort } from "./held-port.ts";
export type { DesiredSubnets, RemoteHost } from "./held-subnet.ts";
export type { EngineContext, OwnIds } from "./context.ts";
export { lockImages } from "./image-lock.ts";
export type { LockInput, LockedImages } from "./image-lock.ts";
export { pullImage } from "./image-pull.ts";
export { openRegistryLogins } from "./registry-logins.ts";
export type { LoginsInput, RegistryLogins } from "./registry-logins.ts";
export { requireUnchanged } from "./unchanged-container.ts";
export { createNetwork, removeNetwork } from "./network.ts";
export { connectContainer } from "./network-connection.ts";
export { measureVolumes } from "./volume-size.ts";
export { createVolume } from "./volume.ts";
export { createContainers } from "./container-creation.ts";
export { startService } from "./service-start.ts";
export { awaitService } from "./service-wait.ts";
export {
  removeContainer,
  renameContainer,
  restartContainer,
  signalContainer,
  stopContainer,
} from "./container.ts";
export { execInContainer } from "./container-exec.ts";
export { probeRegistries } from "./registry-probe.ts";
export type { RegistryProbe } from "./registry-probe.ts";
export { engineInfo } from "./engine-info.ts";
export type { EngineInfo } from "./engine-info.ts";
export { findHostPath } from "./host-path.ts";
export { keepJobOutput } from "./job-output.ts";
export type { JobOutput } from "./job-output.ts";
export { findRuns, newRunName, runJob } from "./job-run.ts";
export { stopRun } from "./job-stop.ts";
export type { JobRun } from "./job-run.ts";
export { readLastOutput } from "./last-output.ts";
export { streamLogs } from "./log-stream.ts";
export type { LogLine, LogRequest } from "./log-request.ts";
export { execInteractive } from "./interactive-exec.ts";
export type { InteractiveExec } from "./interactive-exec.ts";
export type { SubscribeToSize, TerminalSize } from "./terminal-size.ts";
export type { OwnProject } from "./own-container.ts";
export { findLockedReferences } from "./locked-reference.ts";
export { type ComposeProject, listComposeProjects, listForeignNetworks } from "./compose-projects.ts";
export { claimProject, unclaimProject } from "./project-claim.ts";
export { listBoundPaths } from "./bound-path.ts";
