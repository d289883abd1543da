import { type Cause, type DesiredService, type ObservedContainer, isInSync } from "@keelson/model";

import { because } from "./cause.ts";
import { hasProcess, isUp } from "./container-state.ts";
import type { LiveChange } from "./live-change.ts";
import type { ServiceContainers } from "./service-containers.ts";

export type ServiceAction = "none" | "create" | "recreate" | "start" | "restart" | "stop" | "remove";

/** What one service needs; everything the operations are made from. */
export interface ServiceChange {
  readonly service: DesiredService;
  readonly containers: ServiceContainers;
  readonly action: ServiceAction;
  readonly causes: readonly Cause[];
  /** Compose sees no difference, so it has to be told. */
  readonly force: boolean;
  /** A network is made anew that its containers are in, or are to be in: they leave the old one before. */
  readonly isMoved: boolean;
  /** What the containers that stay must do to have their live files. */
  readonly live: LiveChange;
  /** Something is wanted here and not possible now. */
  readonly isBlocked: boolean;
}

export const isToBeInstalled = because.desired("is to be installed, not running");

/** Whether containers come up, for which what they need must be there. Whatever goes down needs nobody's leave. */
export function comesUp(change: ServiceChange): boolean {
  return makesContainers(change) || change.action === "start" || change.action === "restart";
}

/** Whether Compose makes containers, new ones or in the place of others. */
export function makesContainers({ action }: ServiceChange): boolean {
  return action === "create" || action === "recreate";
}

/** Whether Compose makes a container anew; where one of several replicas differs, the others stay. */
export function isReplaced(container: ObservedContainer, { service, action, force }: ServiceChange): boolean {
  return !isInSync(container, service) || (action === "recreate" && force);
}

/** Whether a change leaves the containers that are there as they are. */
export function staysAsItIs({ action }: ServiceChange): boolean {
  return action === "none" || action === "start" || action === "create";
}

/** Containers of a service that have a removal of their own; those that Compose replaces are not among them. */
export function removedContainers({ action, containers }: ServiceChange): ObservedContainer[] {
  return [...containers.extra, ...(action === "remove" ? containers.kept : [])];
}

/** All of a service that restarts; of one that only gets more containers, those that have read the old files. */
export function restartedContainers(change: ServiceChange): readonly ObservedContainer[] {
  const { action, containers, live } = change;
  if (action === "restart") return containers.kept;
  if (action === "none" || !staysAsItIs(change) || live.restart.length === 0) return [];
  return containers.kept.filter(hasProcess);
}

/** Containers that go, and that do the service's work until then, as in any replacement. */
export function servingExtras({ containers, isMoved }: ServiceChange): ObservedContainer[] {
  const { kept, extra } = containers;
  return isMoved || kept.length === 0 || kept.some(isUp) ? [] : extra.filter(isUp);
}
