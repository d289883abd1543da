import type { Crash } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { type PastEvent, readPastEvents } from "./past-event.ts";

/** An end that is longer ago is no news: a round that sees it now does not see when the one before it was. */
const recentMs = 5 * 60_000;
/** Databases take their time from an order to end to the end. */
const beforeEndMs = 10 * 60_000;

/** How a program ends that was told to, by SIGINT, SIGKILL or SIGTERM. */
const toldCodes: ReadonlySet<number> = new Set([130, 137, 143]);
/** The engine's own word for an end that it has not seen, because it was down itself: it remembers no start then either. */
const unseenCode = 255;
/** HUP, USR1 and USR2 tell a program something else. */
const otherSignals: ReadonlySet<number> = new Set([1, 10, 12]);

/** The engine notes an order to end when it has given it: by then, a quick program has ended. */
const lateMs = 50;

/**
 * How a container ended last, where it did so by itself and within the last five minutes; null for any other. One that its
 * engine has restarted and that runs has another memory, its count of restarts. A start that failed is no end.
 */
export async function findCrash(
  asking: { engine: Engine; signal?: AbortSignal | undefined },
  info: ContainerInspectInfo,
): Promise<Crash | null> {
  const { StartedAt: startedAt, FinishedAt: at, ExitCode: exitCode, OOMKilled: isOutOfMemory } = info.State;
  const startedMs = Date.parse(startedAt);
  const endedMs = Date.parse(at);
  // Before its first end, that has the engine's zero time.
  if (!(Math.abs(Date.now() - endedMs) < recentMs)) return null;
  const isDown = hasEndedBadly(info);
  // A stop or a kill by hand need not be asked for: what it stopped is to be started again at once.
  if (isDown && toldCodes.has(exitCode) && !isOutOfMemory) return null;
  const runsAgain = info.State.Status === "running" && info.RestartCount === 0 && startedMs >= endedMs;
  if (!isDown && !runsAgain) return null;
  const events = await readPastEvents(asking, {
    id: info.Id,
    actions: ["start", "kill", "oom", "die"],
    sinceMs: endedMs - beforeEndMs,
    untilMs: isDown ? endedMs + lateMs : startedMs,
  });
  const run = findLastRun(events, isDown);
  const code = isDown ? exitCode : run.exitCode;
  return (isDown && isOutOfMemory) || wasByItself(code, run) ? { at, exitCode: code } : null;
}

function hasEndedBadly({
  State: { Status: state, ExitCode: exitCode, Error: failure },
}: ContainerInspectInfo) {
  return (state === "exited" || state === "dead") && exitCode !== 0 && failure === "";
}

interface Run {
  /** 0 where no end of it is remembered. */
  exitCode: number;
  hasStart: boolean;
  wasTold: boolean;
  wasOutOfMemory: boolean;
}

/** What is remembered of the last run that has ended. Of one that is down, the engine may not have noted the end yet. */
function findLastRun(events: readonly PastEvent[], isDown: boolean): Run {
  const end = isDown ? events.length : events.findLastIndex(({ action }) => action === "die");
  const start = events.findLastIndex(({ action }, index) => action === "start" && index < end);
  const run = events.slice(start + 1, Math.max(0, end));
  return {
    exitCode: events[end]?.exitCode ?? 0,
    hasStart: start >= 0,
    wasTold: run.some(({ action, signal }) => action === "kill" && !otherSignals.has(signal ?? 0)),
    wasOutOfMemory: run.some(({ action }) => action === "oom"),
  };
}

function wasByItself(code: number, { hasStart, wasTold, wasOutOfMemory }: Run): boolean {
  if (code === 0 || wasTold) return false;
  if (wasOutOfMemory) return true;
  return !toldCodes.has(code) && (code !== unseenCode || hasStart);
}
