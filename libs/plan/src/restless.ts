import { type BlockedChange, type ObservedContainer, required } from "@keelson/model";

import { hasCompleted, isUp } from "./container-state.ts";
import { untilCalmMs } from "./crash-calm.ts";
import { findUndesired, hasEnded } from "./removal.ts";
import { findContainers } from "./service-containers.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** A service that keeps ending, whether this node, a person or a program starts it again. */
export interface RestlessService {
  project: string;
  instance: string;
  service: string;
  /** The container that is down, or the first one. */
  containerId: string;
  /** Its last exit code; null while all of it runs. */
  exitCode: number | null;
  /** Milliseconds for which it must still run until it has settled; null while it is down. */
  settlesInMs: number | null;
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
 * Services that keep ending, and are down or have not settled since. Those are such that have been started again more than
 * five times, each time within half an hour of the one before: before each further start they rest for 2, 4, 8 … 600 s since the
 * last one. And those that have crashed twice within five minutes.
 */
export function findRestless(node: SimulatedNode, now: Date): RestlessService[] {
  return [...findDesired(node), ...findHeld(node)].flatMap(
    ({ containers, isDone, ...named }): RestlessService[] => {
      const down = containers.find((each) => !isUp(each) && !isDone(each));
      const first = down ?? containers[0];
      if (first === undefined || containers.every(isDone)) return [];
      const { restMs, sinceMs } = findRest(
        node.record.starts[`${named.project}/${named.service}`] ?? [],
        now,
      );
      const habitMs = restMs === 0 ? 0 : Math.max(settledMs, restMs) - sinceMs;
      const crashMs = containers.map((each) =>
        untilCalmMs(each, { crashes: node.record.crashes[each.id] ?? [], now }),
      );
      const settlesInMs = Math.max(habitMs, ...crashMs);
      const isHabit = restMs > 0 && (down !== undefined || habitMs > 0);
      if (!isHabit && settlesInMs <= 0) return [];
      const isResting = down !== undefined && sinceMs < restMs;
      return [
        {
          ...named,
          containerId: first.id,
          exitCode: down?.exitCode ?? null,
          settlesInMs: down === undefined ? settlesInMs : null,
          restsUntil: isResting ? new Date(now.getTime() + restMs - sinceMs) : null,
        },
      ];
    },
  );
}

/** How long what was started so often rests since its last start, and how long ago that was; 0 and 0 for a mere repair. */
function findRest(starts: readonly string[], now: Date): { restMs: number; sinceMs: number } {
  const times = countInRow(starts, now);
  if (times <= promptStarts) return { restMs: 0, sinceMs: 0 };
  return {
    restMs: Math.min(longestRestMs, shortestRestMs * 2 ** Math.min(times - promptStarts - 1, 16)),
    sinceMs: elapsedMs(required(starts.at(-1), "the last start"), now),
  };
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
