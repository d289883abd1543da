import type { Watch } from "@keelson/engine/poll";

import {
  type LookInput,
  askGit,
  changeLogin,
  closeLook,
  containersChanged,
  findNews,
  isGitSilent,
  isResting,
  openLook,
} from "./look.ts";
import { noteDeaths } from "./look-deaths.ts";
import { spread } from "./pace.ts";
import { openPause } from "./pause.ts";
import type { RunningRound } from "./round-process.ts";
import type { WatchTarget, RoundSummary } from "./round-summary.ts";

/** Events come in bursts: the first is looked at at once, what follows it together. */
const betweenLooksMs = 50;

/** An engine that ends its events sooner tells nothing by it: the next look listens anew. */
const shortestListenMs = 5_000;

export interface ChangeWatchInput extends LookInput {
  signal: AbortSignal;
  /** Who asked for a round, if anybody did. */
  called: () => string | null;
  /** Told at every turn between rounds: the loop is not stuck. During one the round itself tells that it lives. */
  onTurn: () => void;
  onLook: (durationMs: number) => void;
}

export interface ChangeWatch {
  /** Looks until something asks for a round, and says what: somebody's call, a change, or that `waitMs` have passed. */
  untilChange: (report: RoundSummary, on: { waitMs: number }) => Promise<string>;
  /** While a round runs: looks at the branch until it has moved on from what the round fetched; null at the round's end. */
  untilMoved: (round: RunningRound) => Promise<string | null>;
  /** Git does not answer, or not soon. */
  isGitSilent: () => boolean;
  /** The commit that the branch was at when it was looked at last; null when that is longer ago than looks are apart. */
  knownCommit: () => string | null;
  /** Git is asked with this login from now on; all that is known stays known. */
  changeLogin: (credential: WatchTarget["git"]["credential"]) => void;
  /** Ends the present pause: somebody called, or everything ends. */
  wake: () => void;
  close: () => void;
}

/** Looks are an interval apart, a tenth more or less. */
const freshIntervals = 1.5;

/** Looks at one branch and one engine, and listens to the engine. Nothing is started and nothing written. */
export function openChangeWatch(follow: WatchTarget, on: ChangeWatchInput): ChangeWatch {
  const { signal, called, onTurn, onLook } = on;
  const look = openLook(follow, on);
  const pause = openPause();
  let events: Watch | null = null;
  /** An event came since the last look began. */
  let isWoken = false;
  /** Events end a pause between looks, and no other. */
  let isListening = false;
  /** When the last look ended, by the monotonic clock. */
  let lookedMs = -Infinity;
  /** Containers that have died since the last look began, by id. */
  const died = new Set<string>();
  const wakeUp = () => {
    isWoken = true;
    if (isListening) pause.end();
  };
  const listen = () => {
    const sinceMs = performance.now();
    events ??= look.engine.watch({
      environment: follow.environment,
      onEvent: (event) => {
        if (isResting(look, event)) return; // it has a time of its own
        if (event.kind === "container" && event.action === "die") died.add(event.id);
        wakeUp();
      },
      onEnd: () => {
        events = null;
        // The engine went away, or its connection: a look tells which.
        if (performance.now() - sinceMs >= shortestListenMs) wakeUp();
      },
    });
  };
  const restUntilLook = async (dueMs: number) => {
    const intervalMs = spread(follow.intervalMs, Math.random());
    isListening = true;
    const nowMs = performance.now();
    const untilMs = Math.min(dueMs, look.unrest.nextEndMs(nowMs));
    if (!isWoken) await pause.rest(Math.min(intervalMs, Math.max(0, untilMs - nowMs)));
    isListening = false;
    if (isWoken) await pause.rest(Math.max(0, lookedMs + betweenLooksMs - performance.now()));
  };
  return {
    untilChange: async (report, { waitMs }) => {
      const startMs = performance.now();
      const dueMs = startMs + waitMs;
      died.clear(); // the round was at work then
      for (let isFirst = true; !signal.aborted; isFirst = false) {
        onTurn();
        if (called() === null) {
          isWoken = false;
          listen();
          const isNews = noteDeaths(look, { died, report });
          died.clear();
          if (isNews) return containersChanged;
          const askedMs = performance.now();
          const news = await findNews(look, { report, isFirst });
          lookedMs = performance.now();
          onLook(lookedMs - askedMs);
          if (news !== null) return news;
        }
        const reason =
          called() ?? timely({ dueMs, lookMs: look.git === null ? startMs + follow.intervalMs : Infinity });
        if (reason !== null) return reason;
        if (!signal.aborted) await restUntilLook(dueMs);
      }
      return "stopped";
    },
    untilMoved: async (round) => {
      const between = openPause();
      let isOver = false;
      void round.ended.finally(() => {
        isOver = true;
        between.end();
      });
      for (;;) {
        await between.rest(spread(follow.intervalMs, Math.random()));
        // Only what is asked after the fetch can be newer than it.
        const from = round.fetched();
        const commit = from === null || isOver ? null : await askGit(look);
        if (isOver || look.isClosed) return null;
        if (commit !== null && commit !== from) return commit;
      }
    },
    isGitSilent: () => isGitSilent(look),
    knownCommit: () => {
      const { known } = look;
      const isFresh = known !== null && performance.now() - known.atMs <= follow.intervalMs * freshIntervals;
      return isFresh ? known.commit : null;
    },
    changeLogin: (credential) => changeLogin(look, credential),
    wake: () => pause.end(),
    close: () => {
      pause.end();
      events?.close();
      closeLook(look);
    },
  };
}

function timely({ dueMs, lookMs }: { dueMs: number; lookMs: number }): string | null {
  if (performance.now() >= dueMs) return "it is time";
  return performance.now() >= lookMs ? "this source is looked at by a round" : null;
}
