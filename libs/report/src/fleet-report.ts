import { Status, compareText } from "@keelson/model";

/** A node, as the repository or the name of a ref names it. */
export interface FleetPlace {
  environment: string;
  node: string;
}

/** What one ref holds: text that anybody who may push can have written. */
export interface FleetReport extends FleetPlace {
  ref: string;
  /** Empty when the ref holds something else than a status. */
  json: string;
}

/** A report that is believed, or why it is not. */
export type ReadReport =
  | { kind: "read"; ref: string; status: Status; observedAtMs: number }
  | { kind: "forged" | "unreadable"; ref: string; message: string };

/** Reads a report. One that speaks of another node than its ref's was not written by that node, whatever it says. */
export function readReport({ environment, node, ref, json }: FleetReport): ReadReport {
  const unreadable = (message: string): ReadReport => ({ kind: "unreadable", ref, message });
  if (json === "") return unreadable(`${ref} holds no status`);
  const value = parse(json);
  const result = Status.safeParse(value);
  if (!result.success) return unreadable(`${ref}: ${describeForeign(value)}`);
  const status = result.data;
  const says = status.node;
  if (says.environment !== environment || says.name !== node) {
    return { kind: "forged", ref, message: `${ref} says that it is of ${says.environment}/${says.name}` };
  }
  const observedAtMs = timePattern.test(status.observedAt) ? Date.parse(status.observedAt) : NaN;
  if (Number.isNaN(observedAtMs)) return unreadable(`${ref} does not say when it was observed`);
  return { kind: "read", ref, status, observedAtMs };
}

/** `Date.parse` alone takes nearly anything for a time. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/**
 * The report that counts, of those in the refs of one node. One that cannot be read might be the newest, and one that
 * is forged concerns a person: both come before what can be read.
 */
export function chooseReport(reports: readonly ReadReport[]): ReadReport | undefined {
  return [...reports].sort(
    (a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compareAge(a, b) || compareText(a.ref, b.ref),
  )[0];
}

const kinds: readonly ReadReport["kind"][] = ["forged", "unreadable", "read"];

/** The newest first. A node that writes to another ref than before begins to count anew there, so that time goes first. */
function compareAge(a: ReadReport, b: ReadReport): number {
  if (a.kind !== "read" || b.kind !== "read") return 0;
  return b.observedAtMs - a.observedAtMs || b.status.seq - a.status.seq;
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
