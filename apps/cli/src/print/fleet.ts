import type { Status } from "@keelson/model";
import {
  type FleetRow,
  type FleetState,
  describeFleetState,
  escapeText,
  formatFleetReason,
  formatFleetSummary,
  formatNextTry,
  formatStateAge,
  formatStatusAge,
} from "@keelson/report";

import type { Output, Style } from "../output.ts";
import { formatStatus, isUnderWay } from "./status.ts";

export interface FleetView {
  rows: readonly FleetViewRow[];
  /** What the rows are compared with; null when the clone has no branch of the remote. */
  tip: FleetTip | null;
  /** One node was asked for, so its whole status is shown. */
  isDetailed: boolean;
}

/** The head of the remote's branch. */
export interface FleetTip {
  ref: string;
  branch: string;
  commit: string;
}

export interface FleetViewRow extends FleetRow {
  /** Whether another commit than the branch's head is applied; null when the clone cannot tell. */
  behind: boolean | null;
}

export interface FleetFormat {
  style: Output["style"];
  /** Width of the terminal; without one, nothing is cut. */
  columns?: number | undefined;
  maxRows?: number;
}

/** All nodes as a table, worst first, or the whole status of one node. */
export function formatFleet(view: FleetView, format: FleetFormat): string {
  const [row] = view.rows;
  if (view.isDetailed && row !== undefined && row.status !== null)
    return formatDetail(row, row.status, format);
  return `${formatRows(view.rows, format)}\n\n${formatFoot(view, format)}`;
}

function formatDetail(row: FleetViewRow, status: Status, { style }: FleetFormat): string {
  const message = row.state === "ready" ? formatStatusAge(row) : formatFleetReason(row);
  const since = escapeText(row.since);
  const verdict = { style: stateStyle(row.state), word: describeFleetState(row.state), message, since };
  return formatStatus(escapeTexts(status), { style, verdict });
}

/** Anybody who may push can write a status: without this, a line break in it would forge a line of the output. */
function escapeTexts(status: Status): Status {
  return JSON.parse(JSON.stringify(status), (_key, value: unknown) =>
    typeof value === "string" ? escapeText(value) : value,
  );
}

interface Cell {
  text: string;
  style?: Style;
}

const head: readonly Cell[] = [
  "environment",
  "node",
  "state",
  "since",
  "release",
  "commit",
  "updated",
  "error",
].map((text) => ({ text }));

function cellsOf(row: FleetViewRow): Cell[] {
  const commit = row.status === null ? "" : escapeText(row.applied.slice(0, 8)) || "nothing";
  return [
    { text: escapeText(row.environment) },
    { text: escapeText(row.node) },
    { text: describeFleetState(row.state), style: stateStyle(row.state) },
    { text: formatStateAge(row, new Date()) },
    { text: formatReleases(row) },
    row.behind === true ? { text: `${commit} behind`, style: "yellow" } : { text: commit },
    { text: formatStatusAge(row), ...(row.silentSince === null ? {} : { style: "red" }) },
  ];
}

/** The first one by name, and how many there are beside it; `to …` while another commit than the one with it is applied. */
function formatReleases({ releases, status }: FleetRow): string {
  const [first = "", ...others] = releases;
  if (first === "") return "";
  const to = status !== null && isUnderWay(status) ? "to " : "";
  const shown = `${to}${escapeText(first).slice(0, longestRelease)}`;
  return others.length === 0 ? shown : `${shown} +${others.length}`;
}

/** A name has at most 40 characters, and a version mostly fewer than 20. */
const longestRelease = 60;

function formatRows(
  rows: readonly FleetViewRow[],
  { style, columns = Infinity, maxRows = Infinity }: FleetFormat,
): string {
  const lines = [head, ...rows.slice(0, maxRows).map(cellsOf)];
  // The reason is the last cell, and gets the width that the others leave.
  const widths = head
    .slice(0, -1)
    .map((_, index) => Math.max(...lines.map((line) => line[index]?.text.length ?? 0)));
  const left = columns - widths.reduce((sum, width) => sum + width + gap.length, 0);
  const reasons = rows.slice(0, maxRows).map((row) => formatReason(row, Math.max(left, leastColumns)));
  const texts = lines.map((line, index) => {
    const last = reasons[index - 1];
    const cells = last === undefined ? line : [...line, { text: last }];
    return cells
      .map((cell, at) => paint(cell, { style, width: widths[at] ?? 0 }))
      .join(gap)
      .trimEnd();
  });
  if (rows.length > maxRows) texts.push(`… and ${rows.length - maxRows} more`);
  return texts.join("\n");
}

const gap = "  ";
const leastColumns = 20;

/**
 * When the node tries again, and why it is in its state. Without a terminal the reason is cut only where it is too long to read
 * at all.
 */
function formatReason(row: FleetRow, columns: number): string {
  const nextTry = row.status === null ? "" : formatNextTry(row.status, new Date());
  const before = nextTry === "" ? "" : `${nextTry}: `;
  const left = Math.max(leastColumns, columns - before.length);
  return before + formatFleetReason(row, Number.isFinite(columns) ? { columns: left } : {});
}

function paint(
  { text, style: format }: Cell,
  { style, width }: { style: Output["style"]; width: number },
): string {
  const painted = format === undefined ? text : style(format, text);
  return painted + " ".repeat(Math.max(0, width - text.length));
}

function formatFoot({ rows, tip }: FleetView, { style }: FleetFormat): string {
  const lines = [formatFleetSummary(rows)];
  if (tip !== null) {
    const name = tip.ref.replace("refs/remotes/", "");
    const unknown = rows.filter(
      ({ behind, applied, status }) =>
        behind === null && applied !== "" && status?.source.branch === tip.branch,
    ).length;
    const hint = unknown === 0 ? "" : `; ${unknown} cannot be compared: try git fetch`;
    lines.push(style("dim", `compared with ${escapeText(name)} at ${tip.commit.slice(0, 8)}${hint}`));
  }
  return lines.join("\n");
}

function stateStyle(state: FleetState): Style {
  if (state === "ready") return "green";
  const isNoted = ["suspended", "reconciling", "never-reported", "not-in-repository"].includes(state);
  return isNoted ? "yellow" : "red";
}
