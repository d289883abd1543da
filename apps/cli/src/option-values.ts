import { isDuration, parseDurationMs } from "@keelson/model/light";
import { InvalidArgumentError } from "commander";

const longestTimeoutMs = 24 * 3_600_000;

/** `--timeout`: milliseconds. */
export function parseTimeout(text: string): number {
  const timeoutMs = isDuration(text) ? parseDurationMs(text) : 0;
  if (timeoutMs > 0 && timeoutMs <= longestTimeoutMs) return timeoutMs;
  throw new InvalidArgumentError("Say a duration such as 90s or 15m, up to 24h.");
}

/** `--since`: a time, or how long ago. */
export function parseSince(text: string): Date {
  if (isDuration(text)) return new Date(Date.now() - parseDurationMs(text));
  const time = /^\d{4}-\d\d-\d\d(?:T\S+)?$/.test(text) ? new Date(text) : null;
  if (time !== null && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    "It must be a duration such as 10m, or a time such as 2026-01-31T12:00:00Z.",
  );
}

/** `--tail`: a number of lines, or `all`. */
export function parseTail(text: string): number | "all" {
  if (text === "all") return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number of lines, or all.");
}
