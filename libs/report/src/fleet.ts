import { type Status, compareText } from "@keelson/model";

import {
  type FleetPlace,
  type FleetStatus,
  type ReadStatus,
  chooseStatuses,
  readReport,
  toleranceMs,
} from "./fleet-status.ts";
import { withHeld } from "./held-instance.ts";
import { isFollowing } from "./status-conditions.ts";
import { formatSuspension } from "./suspension-text.ts";

/** Worst first. */
export const fleetStates = [
  "forged",
  "unreadable",
  "suspended",
  "stalled",
  "failing",
  "silent",
  "never-reported",
  "not-in-repository",
  "reconciling",
  "ready",
] as const;
export type FleetState = (typeof fleetStates)[number];

/** A node as it stands in the fleet. Texts are as they were written, by whomever: they must be escaped to be shown. */
export interface FleetRow extends FleetPlace {
  state: FleetState;
  /** Of the error that the state is about; empty when it is about none. */
  code: string;
  /** Why it is in this state; empty for a node that is ready. */
  message: string;
  /** The last commit that was applied completely; empty when none was or nobody knows. */
  applied: string;
  /** Releases with their versions, by name: `pryv 1.9.2`. */
  releases: string[];
  /** Since when it has been in this state, as it says itself; empty where that is not known. */
  since: string;
  /** Milliseconds since the report; null without one, and for one from the future. */
  ageMs: number | null;
  /** How far the node's clock is ahead of ours, where that is more than a little. */
  clockAheadMs: number;
  /** When a report was promised that did not come. */
  silentSince: string | null;
  /** The ref that the report was read from; empty without one. */
  ref: string;
  /** Null when there is none that is believed. */
  status: Status | null;
}

export interface FleetInput {
  reports: readonly FleetStatus[];
  /** Those that the repository names; null when that is not known: then nobody is missing or too many. */
  nodes: readonly FleetPlace[] | null;
  now: Date;
}

/** A row for each node that is named or has reported, worst first. The order of the input does not matter. */
export function summarizeFleet({ reports, nodes, now }: FleetInput): FleetRow[] {
  const groups = Map.groupBy(reports, keyOf);
  const named = nodes === null ? null : new Set(nodes.map(keyOf));
  const places = new Map([...(nodes ?? []), ...reports].map((place) => [keyOf(place), place]));
  return [...places]
    .map(([key, { environment, node }]) => {
      const reports = chooseStatuses((groups.get(key) ?? []).map(readReport), now);
      const isNamed = named?.has(key) ?? true;
      const judgements = (reports.length === 0 ? [undefined] : reports).map((each) =>
        judge(each, { isNamed, now }),
      );
      return { environment, node, ...judgements.reduce(worseOf) };
    })
    .sort(compareRows);
}

function compareRows(a: FleetRow, b: FleetRow): number {
  return (
    fleetStates.indexOf(a.state) - fleetStates.indexOf(b.state) ||
    compareText(a.environment, b.environment) ||
    compareText(a.node, b.node)
  );
}

function keyOf({ environment, node }: FleetPlace): string {
  return `${environment}/${node}`;
}

type Judgement = Omit<FleetRow, keyof FleetPlace>;

function judge(report: ReadStatus | undefined, { isNamed, now }: { isNamed: boolean; now: Date }): Judgement {
  const nothing = {
    code: "",
    applied: "",
    releases: [],
    since: "",
    ageMs: null,
    clockAheadMs: 0,
    silentSince: null,
    status: null,
  };
  if (report === undefined)
    return { ...nothing, state: "never-reported", message: "no report is in its ref", ref: "" };
  const { ref } = report;
  if (report.kind !== "read") return { ...nothing, state: report.kind, message: report.message, ref };
  const { status } = report;
  const time = judgeTime(report, now);
  const said = judgeConditions(status);
  // Worst first: what a node last said to be wrong is not better because nothing has been heard since.
  const candidates = [said, ...time.verdicts, ...(isNamed ? [] : [notNamed(said.state)])];
  const worst = candidates.reduce(worseOf);
  const { ageMs, clockAheadMs, silentSince } = time;
  return {
    ...worst,
    applied: status.source.applied,
    releases: listReleases(status),
    since: silentSince !== null && worst.state === "silent" ? silentSince : sinceOf(worst.state, status),
    ageMs,
    clockAheadMs,
    silentSince,
    ref,
    status,
  };
}

function listReleases({ instances }: Status): string[] {
  const named = instances.map(({ package: of, releaseVersion = "" }) =>
    releaseVersion === "" ? "" : `${of.split("/", 1)[0]} ${releaseVersion}`,
  );
  return [...new Set(named.filter((each) => each !== ""))].sort(compareText);
}

/** The condition that makes a state. Others are told of nobody, or not by the node. */
const conditionsOfState: Partial<Record<FleetState, string>> = {
  stalled: "Stalled",
  failing: "Ready",
  reconciling: "Reconciling",
  ready: "Ready",
};

function sinceOf(state: FleetState, { conditions, suspended }: Status): string {
  if (state === "suspended") return suspended?.since ?? "";
  return conditions.find(({ type }) => type === conditionsOfState[state])?.since ?? "";
}

type Verdict = Pick<FleetRow, "state" | "code" | "message">;

function rank({ state }: Pick<FleetRow, "state">): number {
  return fleetStates.indexOf(state);
}

/** The first, unless the second is worse. */
function worseOf<T extends Pick<FleetRow, "state">>(first: T, second: T): T {
  return rank(second) < rank(first) ? second : first;
}

function notNamed(said: FleetState): Verdict {
  return { state: "not-in-repository", code: "", message: `the last that it reported: ${said}` };
}

/** What the node says of itself. Only what says so is ready, and only what says that it goes on is reconciling. */
function judgeConditions(status: Status): Verdict {
  const find = (type: string) => status.conditions.find((condition) => condition.type === type);
  const holds = (type: string) => find(type)?.status === "true";
  const about = (outcome?: string): Pick<Verdict, "code" | "message"> => {
    const [error] = status.errors
      .filter((each) => outcome === undefined || each.outcome === outcome)
      .toSorted(
        (a, b) =>
          outcomes.indexOf(a.outcome) - outcomes.indexOf(b.outcome) ||
          Number(isFollowing(a.code)) - Number(isFollowing(b.code)),
      );
    const message = error === undefined ? undefined : withHeld(error.message, status.errors);
    return { code: error?.code ?? "", message: message ?? find("Ready")?.message ?? "" };
  };
  // Nothing is done there, whatever else is wrong.
  if (status.suspended !== undefined)
    return { state: "suspended", code: "", message: formatSuspension(status.suspended) };
  if (holds("Stalled")) return { state: "stalled", ...about("stalled") };
  if (holds("Ready")) return { state: "ready", code: "", message: "" };
  if (status.errors.length === 0 && holds("Reconciling")) return { state: "reconciling", ...about() };
  return { state: "failing", ...about() };
}

/** Worst first: what waits mostly waits for what failed. */
const outcomes: readonly Status["errors"][number]["outcome"][] = ["stalled", "transient", "waiting"];

interface Time extends Pick<FleetRow, "ageMs" | "clockAheadMs" | "silentSince"> {
  verdicts: Verdict[];
}

/**
 * A node is silent when two reports that it promised have not come: one can be lost, or late behind a long round. A
 * report from further in the future than its next is due would hide that silence for just as long, so it counts as it.
 * A node that promises nothing is never silent.
 */
function judgeTime(report: { status: Status; observedAtMs: number }, now: Date): Time {
  const heartbeatMs = report.status.heartbeatSeconds * 1000;
  const elapsedMs = now.getTime() - report.observedAtMs;
  const isAhead = elapsedMs < -toleranceMs;
  const time: Time = {
    ageMs: isAhead ? null : Math.max(0, elapsedMs),
    clockAheadMs: isAhead ? -elapsedMs : 0,
    silentSince: null,
    verdicts: [],
  };
  const silent = (message: string): Verdict => ({ state: "silent", code: "", message });
  if (heartbeatMs <= 0) return time;
  if (elapsedMs < -heartbeatMs - toleranceMs)
    return { ...time, verdicts: [silent("its clock is ahead: how old the report is cannot be told")] };
  if (elapsedMs <= 2 * heartbeatMs + toleranceMs) return time;
  const silentSince = new Date(report.observedAtMs + heartbeatMs).toISOString();
  return { ...time, silentSince, verdicts: [silent(`silent since ${silentSince}`)] };
}
