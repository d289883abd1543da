import { Status, compareText } from "@keelson/model";

/** A node, as the repository or the name of a ref names it. */
export interface FleetPlace {
  environment: string;
  node: string;
}

/** What one ref holds: text that anybody who may push can have written. */
export interface FleetStatus extends FleetPlace {
  ref: string;
  /** Empty when the ref holds something else than a status. */
  json: string;
}

/** A report that is believed, or why it is not. */
export type ReadStatus =
  | { kind: "read"; ref: string; status: Status; observedAtMs: number }
  | { kind: "forged" | "unreadable"; ref: string; message: string };

/** Reads a report. One that speaks of another node than its ref's was not written by that node, whatever it says. */
export function readReport({ environment, node, ref, json }: FleetStatus): ReadStatus {
  const unreadable = (message: string): ReadStatus => ({ kind: "unreadable", ref, message });
  if (json === "") return unreadable(`${ref} holds no status, or more than one may have (K2019)`);
  const value = parse(json);
  const result = Status.safeParse(value);
  if (!result.success) return unreadable(`${ref}: ${describeForeign(value)}`);
  const status = result.data;
  const says = status.node;
  if (says.environment !== environment || says.name !== node) {
    return { kind: "forged", ref, message: `${ref} says that it is of ${says.environment}/${says.name}` };
  }
  const { heartbeatSeconds } = status;
  if (heartbeatSeconds < 0 || heartbeatSeconds > maxHeartbeatSeconds)
    return unreadable(`${ref} promises a report every ${heartbeatSeconds} s, which is no time to wait for`);
  const observedAtMs = timePattern.test(status.observedAt) ? Date.parse(status.observedAt) : NaN;
  if (Number.isNaN(observedAtMs)) return unreadable(`${ref} does not say when it was observed`);
  return { kind: "read", ref, status, observedAtMs };
}

/** 31 days. What promises less often than that would pass for the truth for as long as it likes. */
const maxHeartbeatSeconds = 31 * 24 * 3600;

/** Clocks differ a little, and a push takes its time. */
export const toleranceMs = 60_000;

/** `Date.parse` alone takes nearly anything for a time. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/**
 * The reports that count, of those in the refs of one node: the newest, and others that promised to hold until now, so
 * that a person's ref beside the node's own cannot say for it that all is well. One that a node left behind when it began
 * to write to another ref counts for one heartbeat more, and never again. One that cannot be read might be the newest,
 * and one that is forged concerns a person: both come before what can be read, alone.
 */
export function chooseStatuses(reports: readonly ReadStatus[], now: Date): ReadStatus[] {
  const [first, ...others] = [...reports].sort(
    (a, b) =>
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compareAge(a, b, now) || compareText(a.ref, b.ref),
  );
  if (first?.kind !== "read") return first === undefined ? [] : [first];
  return [first, ...others.filter((report) => stillHolds(report, now))];
}

const kinds: readonly ReadStatus["kind"][] = ["forged", "unreadable", "read"];

/**
 * The newest first. A node that writes to another ref than before begins to count anew there, so that time goes before
 * number. A report from the future is believed only where there is no other, and the sooner the nearer it is.
 */
function compareAge(a: ReadStatus, b: ReadStatus, now: Date): number {
  if (a.kind !== "read" || b.kind !== "read") return 0;
  const [aheadA, aheadB] = [aheadMs(a, now), aheadMs(b, now)];
  return aheadA - aheadB || b.observedAtMs - a.observedAtMs || b.status.seq - a.status.seq;
}

/** How far the report is from the future; 0 within what clocks differ. */
function aheadMs({ observedAtMs }: { observedAtMs: number }, now: Date): number {
  const ms = observedAtMs - now.getTime();
  return ms > toleranceMs ? ms : 0;
}

/** Whether the report is from before now, and its next one is not due yet. */
function stillHolds(report: ReadStatus, now: Date): boolean {
  if (report.kind !== "read" || aheadMs(report, now) > 0) return false;
  const { heartbeatSeconds } = report.status;
  const dueMs = report.observedAtMs + heartbeatSeconds * 1000 + toleranceMs;
  return heartbeatSeconds > 0 && now.getTime() <= dueMs;
}

/** A broken text is no status either. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    return error;
  }
}

function describeForeign(value: unknown): string {
  if (value instanceof Error) return "its text is no JSON";
  const version = typeof value === "object" && value !== null && "v" in value ? value.v : undefined;
  return typeof version === "number" && version !== 1
    ? `a status of version ${version}, which this keelson cannot read`
    : "not a status that this keelson can read";
}
