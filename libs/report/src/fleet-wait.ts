import { KeelsonError, stalled } from "@keelson/model";

import type { FleetRow } from "./fleet.ts";
import { describeFleetState, formatFleetReason } from "./fleet-text.ts";
import { isAtWork } from "./status-conditions.ts";
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

/**
 * Codes of blocked changes that no time unblocks: somebody else's thing is in the way, a definition has changed or lies, too
 * much would be removed, data cannot be read, is gone or would be left behind.
 */
const unsolvedCodes: ReadonlySet<string> = new Set([
  "K3007",
  "K3012",
  "K3021",
  "K3025",
  "K3026",
  "K3027",
  "K3030",
  "K3031",
  "K3032",
  "K3033",
]);

/**
 * Whether a node has come to the commit that is waited for. What a round that is at work still tells of the one before is
 * no failure at this commit.
 */
export function judgeWait(
  { state, status }: Pick<FleetRow, "state" | "status">,
  facts: CommitFacts,
): WaitState {
  if (facts.hasApplied === true) return "applied";
  if (status !== null && isAtWork(status)) return "waiting";
  const isBlocked = status?.errors.some(({ code }) => unsolvedCodes.has(code)) === true;
  return (state === "stalled" || isBlocked) && facts.hasSeen === true ? "failed" : "waiting";
}

/** A line for each commit that nodes have applied in place of the one that was waited for. */
export function describeLaterCommits(
  commit: string,
  rows: readonly (Pick<FleetRow, "environment" | "node" | "applied"> & {
    wait: WaitState;
    /** The commit that takes back the one that was waited for; empty where none does. */
    revertedBy: string;
  })[],
): string[] {
  const later = rows.filter(({ wait, applied }) => wait === "applied" && applied !== commit);
  return [...Map.groupBy(later, ({ applied }) => applied)].map(([applied, nodes]) => {
    const { revertedBy = "" } = nodes[0] ?? {};
    const names = nodes.map(({ environment, node }) => `${environment}/${node}`);
    const revert = revertedBy === "" ? "" : `; ${revertedBy.slice(0, 8)} reverted it`;
    return escapeText(
      `${listNames(names)} applied ${applied.slice(0, 8)}, which follows on ${commit.slice(0, 8)}${revert}`,
    );
  });
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
      : hintForWaiting(waiting),
  });
}

/** Nothing is changed on a suspended node, for however long one waits. */
function hintForWaiting(waiting: readonly FleetRow[]): string {
  const suspended = waiting.filter(({ state }) => state === "suspended").length;
  if (suspended === 0) return "They go on; --timeout waits longer.";
  const resume = "a suspended node goes on only after keelson-agent resume on it";
  return suspended === waiting.length
    ? `Nothing is changed there: ${resume}.`
    : `They go on, and --timeout waits longer; but ${resume}.`;
}

const mostNodes = 5;

/** `lab/n1 (silent: silent since …) and 3 more`. */
function listNodes(rows: readonly FleetRow[]): string {
  return listNames(
    rows.map((row) => {
      const reason = formatFleetReason(row, { columns: 120 });
      const why = [describeFleetState(row.state), reason].filter((part) => part !== "").join(": ");
      return `${escapeText(`${row.environment}/${row.node}`)} (${why})`;
    }),
  );
}

function listNames(names: readonly string[]): string {
  const more = names.length - mostNodes;
  return `${names.slice(0, mostNodes).join(", ")}${more <= 0 ? "" : ` and ${more} more`}`;
}
