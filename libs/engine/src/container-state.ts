import type { ContainerState, ObservedContainer } from "@keelson/model";

const states: readonly ContainerState[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];

/** A container's state by the engine's word for it; null for one that we do not know. */
export function readState(said: unknown): ContainerState | null {
  return states.find((each) => each === said) ?? null;
}

/** `none` for any other word, also of a container without a health check. */
export function readHealth(said: unknown): ObservedContainer["health"] {
  return said === "starting" || said === "healthy" || said === "unhealthy" ? said : "none";
}
