import { setTimeout as sleep } from "node:timers/promises";

import { type EnginePoll, type PolledContainer, type Watch, openEnginePoll } from "@keelson/engine/poll";
import { type RefPoll, openRefPoll } from "@keelson/git/poll";

import { spread } from "./pace.ts";
import { type Follow, type RoundReport, fingerprintOf } from "./round-report.ts";

const engineTimeoutMs = 30_000;
/** Events come in bursts: a restart alone is three. */
const coalesceMs = 100;

/** The reason that may come again and again from one container that does not settle. */
export const containersChanged = "containers changed";

export interface ChangeWatch {
  /** Looks until something asks for a round, and says what: it returns at once when it is woken, or at `dueAtMs`. */
  untilChange: (report: RoundReport, on: { dueAtMs: number; settleMs: number }) => Promise<string>;
  /** Ends the present pause: somebody asks for a round. */
  wake: (reason: string) => void;
  close: () => void;
}

/**
 * Looks at one branch and one engine. A look is one request to each, at the same time, on kept connections; nothing is
 * started and nothing written.
 */
export function openChangeWatch(
  follow: Follow,
  on: { signal: AbortSignal; log: (text: string) => void },
): ChangeWatch {
  const engine = openEnginePoll({
    timeoutMs: engineTimeoutMs,
    ...(follow.dockerHost === undefined ? {} : { dockerHost: follow.dockerHost }),
  });
  const git = isHttp(follow.git.url) ? openRefPoll(follow.git) : null;
  const look: Look = { git, engine, follow, isGitAway: false, log: on.log };
  let asked: string | null = null;
  let pause = new AbortController();
  let events: Watch | null = null;
  const listen = () => {
    events ??= engine.watch({
      environment: follow.environment,
      onEvent: () => pause.abort(),
      onEnd: () => {
        events = null;
        pause.abort(); // the engine went away, or its connection: a look tells which
      },
    });
  };
  return {
    untilChange: async (report, { dueAtMs, settleMs }) => {
      if (settleMs > 0 && asked === null) await rest(settleMs, [on.signal]);
      let before = await lookAtEngine(look);
      for (let isFirst = true; ; isFirst = false) {
        if (before !== null) listen();
        const reason =
          asked ??
          (await compare(look, { report, before, isFirst })) ??
          (Date.now() >= dueAtMs ? "it is time" : null);
        asked = null;
        if (reason !== null || on.signal.aborted) return reason ?? "stopped";
        before = look.latest ?? before;
        pause = new AbortController();
        await rest(Math.min(spread(follow.intervalMs, Math.random()), Math.max(0, dueAtMs - Date.now())), [
          pause.signal,
          on.signal,
        ]);
        if (pause.signal.aborted && asked === null) await rest(coalesceMs, [on.signal]);
      }
    },
    wake: (reason) => {
      asked = reason;
      pause.abort();
    },
    close: () => {
      events?.close();
      git?.close();
      engine.close();
    },
  };
}

interface Look {
  git: RefPoll | null;
  engine: EnginePoll;
  follow: Follow;
  isGitAway: boolean;
  log: (text: string) => void;
  /** What the last look at the engine showed; null when it did not answer. */
  latest?: readonly PolledContainer[] | null;
}

/** Why a round is needed; null when everything is as the last round left it. */
async function compare(
  look: Look,
  on: { report: RoundReport; before: readonly PolledContainer[] | null; isFirst: boolean },
): Promise<string | null> {
  const { report, before, isFirst } = on;
  const [commit, now] = await Promise.all([lookAtGit(look), isFirst ? before : lookAtEngine(look)]);
  look.latest = now;
  if (look.git === null && !isFirst) return "this source is looked at by a round";
  if (commit !== null && commit !== report.commit) return `commit ${commit.slice(0, 8)}`;
  if (now === null) return report.containers === null ? null : "the engine does not answer";
  if (report.containers === null) return "the engine answers again";
  return differs(now, { report: report.containers, before: before ?? [] }) ? containersChanged : null;
}

/** Ours must be as the round left them; others of our label must be as they were. */
function differs(
  now: readonly PolledContainer[],
  on: { report: NonNullable<RoundReport["containers"]>; before: readonly PolledContainer[] },
): boolean {
  const byId = new Map(now.map((container) => [container.id, fingerprintOf(container)]));
  const isOursChanged = Object.entries(on.report).some(([id, fingerprint]) => byId.get(id) !== fingerprint);
  const known = new Set(on.before.map(({ id }) => id));
  return isOursChanged || now.some(({ id }) => !known.has(id) && on.report[id] === undefined);
}

async function lookAtGit(look: Look): Promise<string | null> {
  if (look.git === null) return null;
  try {
    const commit = await look.git.poll();
    if (look.isGitAway) look.log("Git answers again");
    look.isGitAway = false;
    return commit;
  } catch (error) {
    // What runs is kept as it is by the last revision; the round that comes next in any case reports it.
    if (!look.isGitAway)
      look.log(`Git does not answer: ${error instanceof Error ? error.message : String(error)}`);
    look.isGitAway = true;
    return null;
  }
}

async function lookAtEngine(look: Look): Promise<readonly PolledContainer[] | null> {
  try {
    return await look.engine.list({ environment: look.follow.environment });
  } catch {
    return null; // a round says why, and reports that the state is unknown
  }
}

async function rest(ms: number, signals: AbortSignal[]): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: AbortSignal.any(signals) });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
  }
}

function isHttp(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
