/** The bounds of a number that was rounded. */
export interface Span {
  least: number;
  most: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const unitsMs: Readonly<Record<string, number>> = {
  second,
  minute,
  hour,
  day,
  week: 7 * day,
  month: 30 * day,
  year: 365 * day,
};

/**
 * How long a container has been up, in milliseconds, by the text `Status` of a list: no version of the API has a field
 * for it there. `Up 5 seconds`, `Up About an hour (healthy)` (docker/go-units, duration.go). null for any other text.
 */
export function parseUptime(status: string): Span | null {
  const said = /^Up (Less than a|About an?|\d+) (second|minute|hour|day|week|month|year)s?(?: \(.*\))?$/.exec(
    status,
  );
  const unitMs = unitsMs[said?.[2] ?? ""];
  if (said === null || unitMs === undefined) return null;
  const [, count = ""] = said;
  if (count.startsWith("Less")) return { least: 0, most: unitMs };
  const leastMs = (count.startsWith("About") ? 1 : Number(count)) * unitMs;
  // Hours are rounded, and so is what is counted from them; the others are cut.
  return { least: leastMs - (unitMs < hour ? 0 : hour / 2), most: leastMs + unitMs };
}
