import type { Status } from "@keelson/model";

import { type FleetRow, type FleetState, fleetStates } from "./fleet.ts";
import { cellsOf, escapeText } from "./visible-text.ts";

/** A state in the words of people. */
export function describeFleetState(state: FleetState): string {
  return state === "not-in-repository" ? "not in the repository" : state.replaceAll("-", " ");
}

/** `12 nodes: 10 ready, 1 stalled, 1 silent`. */
export function formatFleetSummary(rows: readonly FleetRow[]): string {
  const count = (state: FleetState) => rows.filter((row) => row.state === state).length;
  const others = fleetStates.filter((state) => state !== "ready");
  const parts = (["ready", ...others] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${describeFleetState(state)}`);
  return [`${rows.length} node${rows.length === 1 ? "" : "s"}`, parts.join(", ")].filter(Boolean).join(": ");
}

/** When the node last reported, for people: `3 min ago`; empty for one that never did. */
export function formatStatusAge({ status, ageMs, clockAheadMs }: FleetRow): string {
  if (status === null) return "";
  return ageMs === null ? `clock ${formatSpan(clockAheadMs)} ahead` : `${formatSpan(ageMs)} ago`;
}

/** For how long the node has been in its state: `3 d`; empty where that is not known. */
export function formatStateAge({ since }: FleetRow, now: Date): string {
  const ms = now.getTime() - Date.parse(since);
  return ms >= 0 ? formatSpan(ms) : "";
}

/**
 * When the node tries again what is not as desired: `next try in 42 s`. Empty where nothing is tried again, and for a time that has
 * passed: in Git not each retry is told.
 */
export function formatNextTry({ retry }: Pick<Status, "retry">, now: Date): string {
  const ms = retry === null ? NaN : Date.parse(retry.nextAt) - now.getTime();
  return ms >= 0 ? `next try in ${formatSpan(ms)}` : "";
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** One unit, rounded down: `47 h` is `1 d`. */
function formatSpan(spanMs: number): string {
  const [name, unitMs] = units.find(([, size]) => spanMs >= size) ?? (["s", 1000] as const);
  return `${Math.floor(spanMs / unitMs)} ${name}`;
}

/** Nobody reads more on one line, and anybody can write it. */
const mostColumns = 500;

/** The code and why a node is in its state, on one line that can be shown, cut to so many columns of a terminal. */
export function formatFleetReason({ code, message }: FleetRow, { columns = mostColumns } = {}): string {
  const cells = cellsOf([code, message].filter(Boolean).join(" "));
  const isLong = cells.reduce((width, cell) => width + cell.width, 0) > columns;
  let width = isLong ? 1 : 0;
  const shown = cells.filter((cell) => (width += cell.width) <= columns);
  return `${shown.map(({ text }) => text).join("")}${isLong ? "…" : ""}`;
}

/** What has become different since another look, a line for each node, in the order of the rows; gone ones last. */
export function describeFleetChanges(before: readonly FleetRow[], after: readonly FleetRow[]): string[] {
  const nameOf = ({ environment, node }: FleetRow) => escapeText(`${environment}/${node}`);
  const known = new Map(before.map((row) => [nameOf(row), row]));
  const lines = after.flatMap((row) => {
    const name = nameOf(row);
    const last = known.get(name);
    known.delete(name);
    const state = describeFleetState(row.state);
    const reason = formatFleetReason(row);
    const applied = escapeText(row.applied.slice(0, 8));
    if (last === undefined || last.state !== row.state) {
      const from = last === undefined ? "" : `${describeFleetState(last.state)} → `;
      return [[name, `${from}${state}`, applied, reason].filter(Boolean).join("  ")];
    }
    const isSame = last.applied === row.applied && formatFleetReason(last) === reason;
    return isSame ? [] : [[name, state, applied, reason].filter(Boolean).join("  ")];
  });
  return [...lines, ...[...known.keys()].map((name) => `${name}  gone`)];
}
