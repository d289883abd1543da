import { type BlockedChange, type ObservedContainer, required } from "@keelson/model";

import { hasCompleted, isUp } from "./container-state.ts";
import { findUndesired, hasEnded } from "./removal.ts";
import { findContainers } from "./service-containers.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** A service that this node starts again and again, because it keeps ending. */
export interface RestlessService {
  project: string;
  instance: string;
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

interface Candidate extends Pick<RestlessService, "project" | "instance" | "service"> {
  containers: readonly ObservedContainer[];
  isDone: (container: ObservedContainer) => boolean;
}

/**
 * Services that have been started again more than five times, each time within half an hour of the one before, and are
 * down or were started just now. Before each further start they rest for 2, 4, 8 … 600 s since the last one.
 */
export function findRestless(node: SimulatedNode, now: Date): RestlessService[] {
  return [...findDesired(node), ...findHeld(node)].flatMap(
    ({ containers, isDone, ...named }): RestlessService[] => {
      const starts = node.record.starts[`${named.project}/${named.service}`] ?? [];
      const times = countInRow(starts, now);
      if (times <= promptStarts) return [];
      const down = containers.find((each) => !isUp(each) && !isDone(each));
      const first = down ?? containers[0];
      if (first === undefined || containers.every(isDone)) return [];
      const restMs = Math.min(longestRestMs, shortestRestMs * 2 ** Math.min(times - promptStarts - 1, 16));
      const sinceMs = elapsedMs(required(starts.at(-1), "the last start"), now);
      if (down === undefined && sinceMs >= Math.max(settledMs, restMs)) return [];
      const isResting = down !== undefined && sinceMs < restMs;
      return [
        {
          ...named,
          containerId: first.id,
          exitCode: down?.exitCode ?? null,
          restsUntil: isResting ? new Date(now.getTime() + restMs - sinceMs) : null,
        },
      ];
    },
  );
}

function findDesired({ desired, observed }: SimulatedNode): Candidate[] {
  const running = desired.instances.filter(({ state }) => state === "running");
  return running.flatMap((instance) =>
    instance.services.map((service) => ({
      project: instance.project,
      instance: instance.name,
      service: service.name,
      containers: findContainers(service, { instance, observed }).kept,
      isDone: (each: ObservedContainer) => hasCompleted(service, each),
    })),
  );
}

/** What nothing desires any more is kept up as long as it may not go. */
function findHeld({ desired, observed, record }: SimulatedNode): Candidate[] {
  const services = Map.groupBy(
    findUndesired(desired, observed),
    ({ project, service }) => `${project}/${service}`,
  );
  return [...services.values()].flatMap((containers) =>
    containers.slice(0, 1).map(({ project, instance, service }) => ({
      project,
      instance,
      service,
      containers,
      isDone: (each: ObservedContainer) => hasEnded(each, record),
    })),
  );
}

/** Why it is not started now. */
export function describeRest({
  project,
  instance,
  service,
  exitCode,
  restsUntil,
}: RestlessService): Pick<BlockedChange, "code" | "message" | "hint"> {
  return {
    code: "K3037",
    message: `${project}/${service} ends again and again, last with exit code ${exitCode}`,
    hint: `See why: keelson logs ${instance} ${service}. It is started again after ${restsUntil?.toISOString() ?? ""}.`,
  };
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
