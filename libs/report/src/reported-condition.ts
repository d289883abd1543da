import { type Condition, type KeelsonError, type Status, codeOf, redact } from "@keelson/model";

/**
 * The report with what became of publishing it, for those who look on the node itself: one that is read elsewhere was
 * published.
 */
export function addReported(
  status: Status,
  { error, isOff, last }: { error: unknown; isOff: boolean; last: Status | null },
): Status {
  const told = describe(error, isOff);
  const before = last?.conditions.find(({ type }) => type === "Reported");
  const since = before?.status === told.status ? before.since : status.observedAt;
  return { ...status, conditions: [...status.conditions, { ...told, since }] };
}

function describe(error: unknown, isOff: boolean): Omit<Condition, "since"> {
  const type = "Reported" as const;
  if (isOff) return { type, status: "unknown", reason: "Off", message: "reports stay on this node" };
  if (error === null) return { type, status: "true", reason: "Published", message: "the report is in Git" };
  const message = redact(error instanceof Error ? error.message : "it could not be published");
  return { type, status: "false", reason: codeOf(error), message };
}

/** The report with what was in its place, so that whoever reads it hears that something else writes there. */
export function addPassedOver(status: Status, { code, message, hint, outcome }: KeelsonError): Status {
  const error = {
    code,
    resource: "",
    message,
    hint: hint ?? "",
    outcome: outcome.kind,
    since: status.observedAt,
  };
  return { ...status, errors: [error, ...status.errors] };
}
