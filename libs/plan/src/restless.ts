import { type DesiredNode, type ObservedNode, type RecordState, required } from "@keelson/model";

import { hasCompleted, isUp } from "./container-state.ts";
import { findContainers } from "./service-containers.ts";

/** A service that this node starts again and again, because it keeps ending. */
export interface RestlessService {
  project: string;
  service: string;
  /** The container that is down, or the first one. */
  containerId: string;
  /** Its last exit code; null while all of it runs. */
  exitCode: number | null;
  /** When it may be started again; null when it may be now, or runs. */
  restsUntil: Date | null;
}

/** So many starts in a row are a repair; one more is a habit. */
const promptStarts = 5;
/** What ran for so long, at least, and for longer than it rested before, has settled for now. */
const settledMs = 60_000;
/** What ran for so long begins anew. */
const forgivenMs = 30 * 60_000;
const shortestRestMs = 2_000;
const longestRestMs = 10 * 60_000;

/**
 * Services that have been started again more than five times, each time within half an hour of the one before, and are
 * down or were started just now. Before each further start they rest for 2, 4, 8 … 600 s since the last one.
 */
export function findRestless(
  { desired, observed, record }: { desired: DesiredNode; observed: ObservedNode; record: RecordState },
  now: Date,
): RestlessService[] {
  return desired.instances.flatMap((instance) => {
    if (instance.state !== "running") return [];
    return instance.services.flatMap((service) => {
      const starts = record.starts[`${instance.project}/${service.name}`] ?? [];
      const times = countInRow(starts, now);
      if (times <= promptStarts) return [];
      const { kept } = findContainers(service, { instance, observed });
      const down = kept.find((each) => !isUp(each) && !hasCompleted(service, each));
      const first = down ?? kept[0];
      if (first === undefined || kept.every((each) => hasCompleted(service, each))) return [];
      const restMs = Math.min(longestRestMs, shortestRestMs * 2 ** Math.min(times - promptStarts - 1, 16));
      const sinceMs = elapsedMs(required(starts.at(-1), "the last start"), now);
      if (down === undefined && sinceMs >= Math.max(settledMs, restMs)) return [];
      const isResting = down !== undefined && sinceMs < restMs;
      return [
        {
          project: instance.project,
          service: service.name,
          containerId: first.id,
          exitCode: down?.exitCode ?? null,
          restsUntil: isResting ? new Date(now.getTime() + restMs - sinceMs) : null,
        },
      ];
    });
  });
}

/** How many of the last starts followed close on one another, the last one close to now. */
function countInRow(starts: readonly string[], now: Date): number {
  let later = now;
  let times = 0;
  for (const start of starts.toReversed()) {
    if (elapsedMs(start, later) >= forgivenMs) break;
    later = new Date(start);
    times += 1;
  }
  return times;
}

/** After a clock was set back, nothing has elapsed yet, and no rest is longer than it should be. */
function elapsedMs(since: string, until: Date): number {
  return Math.max(0, until.getTime() - Date.parse(since));
}
