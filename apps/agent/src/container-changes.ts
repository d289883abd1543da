import { type PolledContainer, steadyMs } from "@keelson/engine/poll";

import { type Fingerprint, type RoundSummary, fingerprintOf } from "./round-summary.ts";

/** What a poll sees of a container and no round tells, and what polls therefore compare among themselves. */
export interface Seen {
  name: string;
  /** What a person can change of a container that goes on running: its name and networks. */
  shape: string;
  /** Between which times it was started; null when it does not run. */
  startedMs: { least: number; most: number } | null;
  /** The last round did not find this node's own label on it. */
  isForeign: boolean;
}

/** By id. */
export type SeenContainers = ReadonlyMap<string, Seen>;

type Containers = NonNullable<RoundSummary["containers"]>;

/** What a list showed that was asked for and answered at these times of the monotonic clock. */
export function seeContainers(
  now: readonly PolledContainer[],
  { containers, askedMs, answeredMs }: { containers: Containers; askedMs: number; answeredMs: number },
): SeenContainers {
  return new Map(
    now.map(({ id, name, networks, upMs }) => [
      id,
      {
        name,
        shape: [name, ...networks].join(" "),
        startedMs: upMs === null ? null : { least: askedMs - upMs.most, most: answeredMs - upMs.least },
        isForeign: containers[id] === undefined,
      },
    ]),
  );
}

export interface ContainerComparison {
  /** This node's own, as the last round left them. */
  containers: Containers;
  /** As the poll before saw them. */
  before: SeenContainers;
  /** As this poll sees them. */
  seen: SeenContainers;
  /** Whether a start counts as a change: not where the round itself may have made it. */
  isStartChange: boolean;
}

/**
 * Names of the containers that changed. This node's own are compared with what the round left, and everything else with
 * what the poll before saw.
 */
export function findChanged(
  now: readonly PolledContainer[],
  { containers, before, seen, isStartChange }: ContainerComparison,
): string[] {
  const byId = new Map(now.map((container) => [container.id, container]));
  const own = Object.entries(containers).flatMap(([id, fingerprint]) => {
    const found = byId.get(id);
    return found !== undefined && isAsLeft(found, fingerprint)
      ? []
      : [found?.name ?? before.get(id)?.name ?? id];
  });
  const foreignGone = [...before].filter(([id, { isForeign }]) => isForeign && !byId.has(id));
  const others = [...seen].filter(([id, each]) => {
    const last = before.get(id);
    if (last === undefined) return each.isForeign;
    const mayHaveStarted = isStartChange && !each.isForeign && !isRestarting(containers[id]);
    return last.shape !== each.shape || (mayHaveStarted && isStartedLater(each, last));
  });
  return [...new Set([...own, ...[...foreignGone, ...others].map(([, { name }]) => name)])];
}

/** A container that the round left restarting has changed once it has run for a while or has stopped. */
function isAsLeft(found: PolledContainer, fingerprint: Fingerprint): boolean {
  const isYoung = found.state === "running" && (found.upMs?.least ?? Infinity) < steadyMs;
  if (isRestarting(fingerprint)) return found.state === "restarting" || isYoung;
  return fingerprintOf(found) === fingerprint;
}

function isRestarting(fingerprint: Fingerprint | undefined): boolean {
  return fingerprint?.startsWith("restarting ") ?? false;
}

function isStartedLater({ startedMs }: Seen, before: Seen): boolean {
  if (startedMs === null || before.startedMs === null) return false;
  return startedMs.least > before.startedMs.most;
}

/** A container in back-off stays as it was seen before, so that a poll after the back-off finds the change. */
export function keepWaiting(
  seen: SeenContainers,
  { before, isWaiting }: { before: SeenContainers; isWaiting: (name: string) => boolean },
): SeenContainers {
  const kept = [...before].filter(([, { name }]) => isWaiting(name));
  return new Map([...[...seen].filter(([, { name }]) => !isWaiting(name)), ...kept]);
}
