import { type PolledContainer, steadyMs } from "@keelson/engine/poll";

import { type Fingerprint, type RoundSummary, fingerprintOf } from "./round-summary.ts";

/** Of a container in a look: what no round reports, and what therefore is compared from look to look. */
export interface Seen {
  name: string;
  /** What somebody can change by hand of one that goes on running. */
  shape: string;
  /** Between which times it was started; null when it does not run. */
  startedMs: { least: number; most: number } | null;
  /** The last round did not take it for its own: a person's, that may stand in the way. */
  isStranger: boolean;
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
        isStranger: containers[id] === undefined,
      },
    ]),
  );
}

/**
 * Names of the containers for which a round is needed: ours must be as the round left them, and everything else as the
 * look before saw it. A start is no news when the round itself may have made it (`isRestartNews`).
 */
export function findChanged(
  now: readonly PolledContainer[],
  on: {
    containers: Containers;
    before: SeenContainers;
    seen: SeenContainers;
    isRestartNews: boolean;
  },
): string[] {
  const { containers, before, seen } = on;
  const byId = new Map(now.map((container) => [container.id, container]));
  const ours = Object.entries(containers).flatMap(([id, fingerprint]) => {
    const found = byId.get(id);
    return found !== undefined && isAsLeft(found, fingerprint)
      ? []
      : [found?.name ?? before.get(id)?.name ?? id];
  });
  const strangersGone = [...before].filter(([id, { isStranger }]) => isStranger && !byId.has(id));
  const others = [...seen].filter(([id, each]) => {
    const last = before.get(id);
    if (last === undefined) return each.isStranger;
    const isRestartNews = on.isRestartNews && !each.isStranger && !isRestarting(containers[id]);
    return last.shape !== each.shape || (isRestartNews && isStartedLater(each, last));
  });
  return [...new Set([...ours, ...[...strangersGone, ...others].map(([, { name }]) => name)])];
}

/** What kept restarting is news when it has come to rest: not before it has run for a while. */
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
