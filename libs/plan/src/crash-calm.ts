import { type Crash, type ObservedContainer, calmMsOf, longestCalmMs } from "@keelson/model";

import { isUp } from "./container-state.ts";

/**
 * For how many milliseconds a container that has crashed twice must still run until it has settled, or would have to run if it
 * is down; 0 for any other. As with those that their engine restarts: ten times as long as it has lived, from 10 s to 5 minutes, and
 * what lives longer than 5 minutes has settled in between. After a change of the clock, times are wrong or below zero.
 */
export function untilCalmMs(
  container: Pick<ObservedContainer, "state" | "startedAt">,
  { crashes, now }: { crashes: readonly Crash[]; now: Date },
): number {
  const [before, last] = crashes.map(({ at }) => Date.parse(at)).slice(-2);
  if (before === undefined || last === undefined || last - before > longestCalmMs) return 0;
  const startedMs = Date.parse(container.startedAt);
  const calmMs = calmMsOf(last - before);
  // It is down since then, or was stopped later.
  if (!isUp(container) && startedMs <= last) return now.getTime() - last < longestCalmMs ? calmMs : 0;
  // Somebody has started it anew long after it had settled.
  if (startedMs - last > longestCalmMs) return 0;
  const ageMs = now.getTime() - startedMs;
  return ageMs < 0 ? 0 : Math.max(0, calmMs - ageMs);
}
