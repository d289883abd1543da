import { KeelsonError, stalled } from "@keelson/model";

import type { FleetRow } from "./fleet.ts";
import { describeFleetState, formatFleetReason } from "./fleet-text.ts";
import { escapeText } from "./visible-text.ts";

/** What a clone says of two commits of a node; null where it cannot tell, or the node names none. */
export interface CommitFacts {
  /** The node has applied the commit that is waited for, or one that follows on it. */
  hasApplied: boolean | null;
  /** The node has seen it, or one that follows on it. */
  hasSeen: boolean | null;
}

/** `failed`: the node has seen the commit, and only a person or a new revision helps it. */
export type WaitState = "applied" | "failed" | "waiting";

/** Whether a node has come to the commit that is waited for. */
export function judgeWait({ state }: Pick<FleetRow, "state">, facts: CommitFacts): WaitState {
  if (facts.hasApplied === true) return "applied";
  return state === "stalled" && facts.hasSeen === true ? "failed" : "waiting";
}

export interface WaitEnd {
  commit: string;
  rows: readonly (FleetRow & CommitFacts & { wait: WaitState })[];
  timeoutMs: number;
}

/** K9076 where nodes failed for good, else K9075: the time is over. */
export function describeWaitEnd({ commit, rows, timeoutMs }: WaitEnd): KeelsonError {
  const failed = rows.filter(({ wait }) => wait === "failed");
  const waiting = rows.filter(({ wait }) => wait === "waiting");
  const shown = commit.slice(0, 8);
  if (failed.length > 0) {
    return new KeelsonError({
      code: "K9076",
      message: `${listNodes(failed)} cannot apply ${shown}`,
      hint: "Only a person or a new commit helps: keelson explain CODE tells what to do.",
      outcome: stalled,
    });
  }
  const isUntold = waiting.some(({ hasApplied, applied }) => hasApplied === null && applied !== "");
  return new KeelsonError({
    code: "K9075",
    message: `${listNodes(waiting)} ${waiting.length === 1 ? "has" : "have"} not applied ${shown} within ${timeoutMs / 1000} s`,
    hint: isUntold
      ? "This clone cannot tell whether what they applied follows on it: git fetch --unshallow brings the whole history."
      : "They go on; --timeout waits longer.",
  });
}

const mostNodes = 5;

/** `lab/n1 (silent: silent since …) and 3 more`. */
function listNodes(rows: readonly FleetRow[]): string {
  const shown = rows.slice(0, mostNodes).map((row) => {
    const reason = formatFleetReason(row, { columns: 120 });
    const why = [describeFleetState(row.state), reason].filter((part) => part !== "").join(": ");
    return `${escapeText(`${row.environment}/${row.node}`)} (${why})`;
  });
  const more = rows.length - shown.length;
  return `${shown.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}
