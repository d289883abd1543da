import type { ContainerState, ObservedContainer, composeLabels, labels } from "@keelson/model";

import { unreadable } from "./poll-error.ts";

/** A container as a list tells it: enough to see that something differs, not what to do about it. */
export interface PolledContainer {
  id: string;
  name: string;
  state: ContainerState;
  /** `none` also for one that does not run, and before API 1.52 for a paused one. */
  health: ObservedContainer["health"];
  /**
   * Of an exited or restarting container; null where the engine does not tell it. The list has no field for it in any
   * version of the API: it is in the text `Status`, as are the states of health before API 1.52.
   */
  exitCode: number | null;
  /** `io.keelson.digest`; empty when there is none. */
  digest: string;
}

/** The type of the model's value keeps these equal to it; the value would bring in the whole model. */
const digestLabel: typeof labels.digest = "io.keelson.digest";
const oneOffLabel: typeof composeLabels.oneOff = "com.docker.compose.oneoff";

const what = "list containers";

/** The containers of an answer, without one-off ones (`compose run`), which are a person's. Throws K3009. */
export function parseContainers(answer: unknown): PolledContainer[] {
  if (!Array.isArray(answer)) throw unreadable(what);
  return answer.map(fieldsOf).flatMap((entry) => {
    const all = fieldsOf(entry["Labels"]);
    return all[oneOffLabel] === "True" ? [] : [parseContainer(entry, all)];
  });
}

function parseContainer(entry: Fields, all: Fields): PolledContainer {
  const id = entry["Id"];
  if (typeof id !== "string" || id === "") throw unreadable(what);
  const status = textOf(entry["Status"]);
  return {
    id,
    name: nameOf(entry["Names"]),
    state: stateOf(entry["State"]),
    health: healthOf(fieldsOf(entry["Health"])["Status"], status),
    exitCode: exitCodeOf(status),
    digest: textOf(all[digestLabel]),
  };
}

/** A container has further names, with two slashes, from links. */
function nameOf(names: unknown): string {
  const own = Array.isArray(names) ? names.find((name) => /^\/[^/]+$/.test(textOf(name))) : undefined;
  return textOf(own).slice(1);
}

const states: readonly ContainerState[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];

/** Throws K3009 for a state that we do not know. */
function stateOf(said: unknown): ContainerState {
  const state = states.find((each) => each === said);
  if (state === undefined)
    throw unreadable(`tell a container's state (it says ${textOf(said).slice(0, 40)})`);
  return state;
}

/** `Up 2 hours (healthy)`, `Up 2 hours (health: starting)` (moby, container/state.go). */
function healthOf(field: unknown, status: string): PolledContainer["health"] {
  const said = textOf(field) || (/^Up .*\((?:health: )?(\w+)\)$/.exec(status)?.[1] ?? "");
  return said === "starting" || said === "healthy" || said === "unhealthy" ? said : "none";
}

/** `Exited (137) 2 hours ago`, `Restarting (1) 3 seconds ago` (moby, container/state.go). */
function exitCodeOf(status: string): number | null {
  const said = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(status)?.[1];
  return said === undefined ? null : Number(said);
}

type Fields = Record<string, unknown>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
