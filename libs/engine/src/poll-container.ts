import type { ContainerState, ObservedContainer, labels } from "@keelson/model";

import { recordOf, textOf } from "./json-reader.ts";
import { unreadable } from "./poll-error.ts";
import { type Interest, concerns } from "./poll-interest.ts";
import { type Span, parseUptime } from "./poll-uptime.ts";
import { listedName } from "./listed-name.ts";
import { readHealth, readState } from "./container-state.ts";

/** A container as a list shows it: enough to see that something differs, not what to do about it. */
export interface PolledContainer {
  id: string;
  name: string;
  state: ContainerState;
  /** `none` also for one that does not run, and before API 1.52 for a paused one. */
  health: ObservedContainer["health"];
  /**
   * Of an exited or restarting container; null where the engine does not show it. The list has no field for it in any
   * version of the API: it is in the text `Status`, as are the states of health before API 1.52.
   */
  exitCode: number | null;
  /** `io.keelson.digest`; empty when there is none. */
  digest: string;
  /** Engine names of its networks, sorted. */
  networks: string[];
  /** For how long it has been up, in milliseconds; null where the engine does not show it. */
  upMs: Span | null;
}

/** The type of the model's value keeps these equal to it; the value would bring in the whole model. */
const digestLabel: typeof labels.digest = "io.keelson.digest";

const what = "list containers";

/** Those containers of an answer that concern an environment. Throws K3009. */
export function parseContainers(answer: unknown, interest: Interest): PolledContainer[] {
  if (!Array.isArray(answer)) throw unreadable(what);
  return answer.map(recordOf).flatMap((entry) => {
    const all = recordOf(entry["Labels"]);
    const { Id: id } = entry;
    if (typeof id !== "string" || id === "") throw unreadable(what);
    const isOfConcern = concerns({ id, name: listedName(entry), labels: all }, interest);
    return isOfConcern ? [{ id, ...parseContainer(entry, all) }] : [];
  });
}

function parseContainer(
  entry: Record<string, unknown>,
  all: Record<string, unknown>,
): Omit<PolledContainer, "id"> {
  const status = textOf(entry["Status"]);
  return {
    name: listedName(entry),
    state: stateOf(entry["State"]),
    health: healthOf(recordOf(entry["Health"])["Status"], status),
    exitCode: exitCodeOf(status),
    digest: textOf(all[digestLabel]),
    networks: Object.keys(recordOf(recordOf(entry["NetworkSettings"])["Networks"])).sort(),
    upMs: parseUptime(status),
  };
}

/** Throws K3009 for a state that we do not know. */
function stateOf(said: unknown): ContainerState {
  const state = readState(said);
  if (state === null) throw unreadable(`tell a container's state (it says ${textOf(said).slice(0, 40)})`);
  return state;
}

/** `Up 2 hours (healthy)`, `Up 2 hours (health: starting)` (moby, container/state.go). */
function healthOf(field: unknown, status: string): PolledContainer["health"] {
  return readHealth(textOf(field) || (/^Up .*\((?:health: )?(\w+)\)$/.exec(status)?.[1] ?? ""));
}

/** `Exited (137) 2 hours ago`, `Restarting (1) 3 seconds ago` (moby, container/state.go). */
function exitCodeOf(status: string): number | null {
  const said = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(status)?.[1];
  return said === undefined ? null : Number(said);
}
