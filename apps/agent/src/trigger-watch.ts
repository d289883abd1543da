import type { Watch } from "@keelson/engine/poll";

import { noteDeaths } from "./container-deaths.ts";
import { type Trigger, newerRevisionCame, spread } from "./next-round.ts";
import { openPause } from "./pause.ts";
import {
  type PollerInput,
  changeLogin,
  closePoller,
  containersChanged,
  findTrigger,
  isGitSilent,
  isInBackoff,
  openPoller,
  pollGit,
} from "./poller.ts";
import type { RunningRound } from "./round-process.ts";
import type { RoundSummary, WatchTarget } from "./round-summary.ts";

/** Events come in bursts: the first one starts a poll at once, and those after it start one together. */
const betweenPollsMs = 50;

/** Containers of others come and go as they like: they cost no more polls than this. */
const betweenLooksMs = 1_000;

/** An event stream that ends sooner starts no poll: an engine that ends each one at once must not be polled without end. */
const shortestListenMs = 5_000;

export interface TriggerWatchInput extends PollerInput {
  signal: AbortSignal;
  /** The trigger of a request that waits; null when none waits. */
  requested: () => Trigger | null;
  /** Called at every turn of the loop between rounds, which shows that it is not stuck. */
  onTurn: () => void;
  onPoll: (durationMs: number) => void;
}

/** Waits for what triggers the next round. Starts nothing and writes nothing. */
export interface TriggerWatch {
  /** Polls and listens after a round. Returns the first trigger, by the rules of next-round.ts. */
  untilTrigger: (summary: RoundSummary) => Promise<Trigger>;
  /** A round looks at the engine: it sees what died until now. */
  forgetDeaths: () => void;
  /** Polls the branch during a round. Returns a commit other than the one the round fetched; null when the round ends. */
  untilMoved: (round: RunningRound) => Promise<string | null>;
  /** Git does not answer, or not soon. */
  isGitSilent: () => boolean;
  /** The commit that the last poll found the branch at; null when that poll is longer ago than polls are apart. */
  knownCommit: () => string | null;
  /** Polls Git with this login from now on, and forgets nothing. */
  changeLogin: (credential: WatchTarget["git"]["credential"]) => void;
  /** Ends the present pause: a request came, or the agent stops. */
  wake: () => void;
  close: () => void;
}

/** Polls are an interval apart, a tenth more or less. */
const freshIntervals = 1.5;

export function openTriggerWatch(target: WatchTarget, input: TriggerWatchInput): TriggerWatch {
  const { signal, requested, onTurn, onPoll } = input;
  const poller = openPoller(target, input);
  const pause = openPause();
  let events: Watch | null = null;
  /** An event came since the last poll began. */
  let isPollDue = false;
  /** Events end a pause between polls, and no other. */
  let isListening = false;
  /** When the last poll ended, by the monotonic clock. */
  let polledMs = -Infinity;
  /** Containers that have died since a round looked at the engine, or since the last poll began, by id. */
  const died = new Set<string>();
  const pollSoon = () => {
    isPollDue = true;
    if (isListening) pause.end();
  };
  /** A poll that is due because of others. */
  let look: NodeJS.Timeout | null = null;
  const lookSoon = () => {
    look ??= setTimeout(
      () => {
        look = null;
        pollSoon();
      },
      Math.max(0, polledMs + betweenLooksMs - performance.now()),
    );
  };
  /** The node's own containers, by the last round. */
  let own: RoundSummary["containers"] = null;
  /** The last round awaits something that events of others may bring. */
  let isAwaiting = false;
  const listen = () => {
    const sinceMs = performance.now();
    events ??= poller.engine.watch({
      environment: target.environment,
      isOwn: (id) => own !== null && Object.hasOwn(own, id),
      onEvent: (event) => {
        if (event.kind === "container" && event.action === "die") died.add(event.id);
        if (event.isOthers) {
          if (isAwaiting) lookSoon();
          return;
        }
        if (isInBackoff(poller, event)) return; // a poll follows when its back-off ends
        pollSoon();
      },
      onEnd: () => {
        events = null;
        // The engine went away, or only its connection: a poll tells which.
        if (performance.now() - sinceMs >= shortestListenMs) pollSoon();
      },
    });
  };
  const restUntilPoll = async (dueMs: number) => {
    const intervalMs = spread(target.intervalMs, Math.random());
    isListening = true;
    const nowMs = performance.now();
    const untilMs = Math.min(dueMs, poller.backoff.nextEndMs(nowMs));
    if (!isPollDue) await pause.rest(Math.min(intervalMs, Math.max(0, untilMs - nowMs)));
    isListening = false;
    if (isPollDue) await pause.rest(Math.max(0, polledMs + betweenPollsMs - performance.now()));
  };
  listen(); // a container may die after the first round has seen it, and before the first poll
  return {
    forgetDeaths: () => died.clear(),
    untilTrigger: async (summary) => {
      const { afterMs, trigger: dueTrigger } = summary.nextRound;
      const dueMs = performance.now() + afterMs;
      isAwaiting = summary.awaits.length > 0;
      own = summary.containers;
      for (let isFirst = true; !signal.aborted; isFirst = false) {
        onTurn();
        if (requested() === null) {
          isPollDue = false;
          listen();
          const isTriggered = noteDeaths(poller, { died, summary });
          died.clear();
          if (isTriggered) return { name: containersChanged, isAnew: false };
          const askedMs = performance.now();
          const found = await findTrigger(poller, { summary, isFirst });
          polledMs = performance.now();
          onPoll(polledMs - askedMs);
          if (found !== null) return found;
        }
        const asked = requested();
        if (asked !== null) return asked;
        if (performance.now() >= dueMs) {
          return { name: dueTrigger, isAnew: dueTrigger === newerRevisionCame };
        }
        if (!signal.aborted) await restUntilPoll(dueMs);
      }
      return { name: "stopped", isAnew: false };
    },
    untilMoved: async (round) => {
      const between = openPause();
      let isOver = false;
      void round.ended.finally(() => {
        isOver = true;
        between.end();
      });
      for (;;) {
        await between.rest(spread(target.intervalMs, Math.random()));
        // Only a poll that begins after the fetch can find a newer commit.
        const fetched = round.fetched();
        const commit = fetched === null || isOver ? null : await pollGit(poller);
        if (isOver || poller.isClosed) return null;
        if (commit !== null && commit !== fetched) return commit;
      }
    },
    isGitSilent: () => isGitSilent(poller),
    knownCommit: () => {
      const { known } = poller;
      const isFresh = known !== null && performance.now() - known.atMs <= target.intervalMs * freshIntervals;
      return isFresh ? known.commit : null;
    },
    changeLogin: (credential) => changeLogin(poller, credential),
    wake: () => pause.end(),
    close: () => {
      if (look !== null) clearTimeout(look);
      pause.end();
      events?.close();
      closePoller(poller);
    },
  };
}
