import { type Status, digestValue } from "@keelson/model";

/** Whether a report of a round that did nothing says, but for the time, what the last one said. */
export function saysNothingNew(status: Status, last: Status | null): boolean {
  if (last === null || status.operation !== null) return false;
  return digestReport(status) === digestReport(last);
}

/** Of all but the time and the last operation, which stays worth reading. */
function digestReport(status: Status): string {
  return digestValue({ ...status, observedAt: "", operation: null });
}
