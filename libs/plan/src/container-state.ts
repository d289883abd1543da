import {
  type DependencyCondition,
  type DesiredService,
  type ObservedContainer,
  isInSync,
} from "@keelson/model";

/** `restarting` counts as up: the engine is at it, and a start would change nothing. */
export function isUp({ state }: Pick<ObservedContainer, "state">): boolean {
  return state === "running" || state === "restarting";
}

/** Has read its files and holds its ports: a paused container too. */
export function hasProcess(container: ObservedContainer): boolean {
  return isUp(container) || container.state === "paused";
}

/** Has run, and can run again as it is. */
export function hasStopped({ state }: ObservedContainer): boolean {
  return state === "exited" || state === "paused";
}

/** A job that has done its work: with an equal digest it is in sync, and is not run again. */
export function hasCompleted(service: DesiredService, container: ObservedContainer): boolean {
  return (
    service.oneShot &&
    container.state === "exited" &&
    container.exitCode === 0 &&
    isInSync(container, service)
  );
}

/** On its way: a job that has not ended and is to, or what a health check has not judged yet. */
export function isComingUp(
  container: ObservedContainer,
  { service, condition }: { service: DesiredService; condition: DependencyCondition },
): boolean {
  if (container.state !== "running") return false;
  return service.endAwaited || (condition === "service_healthy" && container.health === "starting");
}

/** Whether a container meets what another service waits for. Without a health check, running is healthy. */
export function meetsCondition(
  container: ObservedContainer,
  { service, condition }: { service: DesiredService; condition: DependencyCondition },
): boolean {
  if (hasCompleted(service, container)) return true;
  if (condition === "service_completed_successfully") return false;
  if (condition === "service_started") return isUp(container);
  return container.health === "healthy" || (container.health === "none" && container.state === "running");
}
