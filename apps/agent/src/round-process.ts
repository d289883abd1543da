import { type ChildProcess, spawn } from "node:child_process";

import type { LogForm } from "./log-event.ts";
import { type Loss, type LostEnd, describeLoss } from "./round-loss.ts";
import {
  type OperationProgress,
  type RoundMessage,
  type RoundSummary,
  type WatchSetting,
  newerRevision,
} from "./round-summary.ts";

export interface RoundInput {
  /** Path of `keelson-agent`. */
  program: string;
  config: string;
  /** What triggered the round. */
  trigger: string;
  /** Retries in a row that rounds before this one have announced. */
  attempt: number;
  /** Git has just been silent: the round waits for it only briefly, where it can go on with the last revision. */
  isGitSilent: boolean;
  /** The commit that the branch is at, by a recent poll; null: the round asks Git. */
  knownCommit: string | null;
  /** The loss of the round before, which this process only tells; null: this process is a round. */
  lost: Loss | null;
  logForm: LogForm;
}

export interface RoundListener {
  /** On abort the round gets SIGTERM, finishes the operations at work and ends. */
  signal: AbortSignal;
  /** Called with what the round read in agent.yaml. */
  onSetting: (setting: WatchSetting) => void;
  /** Called when the round begins to change the node. */
  onWork?: () => void;
  /** Called when the round looks at the engine. */
  onObserve?: () => void;
  /** Called when an operation begins or ends. */
  onProgress?: (progress: OperationProgress) => void;
  /** Called at each sign of life. */
  onSign: () => void;
  limits?: RoundLimits;
}

/** When the watcher kills a round. Nothing is lost by that: the next round goes on from what it finds. */
export interface RoundLimits {
  /** From the last sign of life: the round hangs, or was stopped by a signal. */
  silentMs: number;
  /** From SIGTERM to the end of the process. */
  stopMs: number;
  /** From the summary, or from SIGKILL, to the end of the process. */
  exitMs: number;
}

/** A long pull is no silence: signs of life go on. `stopMs` is below the limit of the systemd unit (docs/operations.md). */
const defaultLimits: RoundLimits = { silentMs: 120_000, stopMs: 240_000, exitMs: 5_000 };

/** Silence is counted in turns of this process: time also passes while the machine sleeps, and the round with it. */
const silentTurns = 12;

export interface RunningRound {
  /** The commit that the round fetched; null before that. */
  fetched: () => string | null;
  /** Tells the round that the branch has moved on, so that it ends its waiting. */
  tellNewerRevision: () => void;
  /** Why the watcher killed the round; null when it did not. */
  killedBecause: () => string | null;
  /** Always comes: the limits see to it. */
  ended: Promise<RoundEnd>;
}

/** What the round told at its end, or why it told nothing. */
export type RoundEnd = { summary: RoundSummary; loss: null } | { summary: null; loss: Loss };

/** Starts a round as a process of its own, so that its memory is given back at its end. */
export function startRound(input: RoundInput, listener: RoundListener): RunningRound {
  const { program, config, trigger, attempt, isGitSilent, knownCommit, lost, logForm } = input;
  const options = { config, trigger, attempt: String(attempt), log: logForm };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  if (isGitSilent) args.push("--git-silent");
  if (knownCommit !== null) args.push(`--known-commit=${knownCommit}`);
  if (lost !== null) args.push(`--lost=${JSON.stringify(lost)}`);
  const child = spawn(process.execPath, [program, "reconcile", ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let fetched: string | null = null;
  let killedBecause: string | null = null;
  const onMessage = (message: RoundMessage) => {
    listener.onSign();
    if (message.type === "fetched") fetched = message.commit;
    if (message.type === "working") listener.onWork?.();
    if (message.type === "observing") listener.onObserve?.();
    if (message.type === "progress") listener.onProgress?.(message.progress);
    if (message.type === "started") listener.onSetting(message.setting);
    if (message.type === "ended") listener.onSetting(message.summary);
  };
  child.on("message", onMessage);
  const onKill = (why: string) => {
    killedBecause = why;
  };
  return {
    fetched: () => fetched,
    tellNewerRevision: () => {
      // The round may have ended by itself just now.
      if (child.connected) child.send(newerRevision, () => {});
    },
    killedBecause: () => killedBecause,
    ended: untilEnd(child, {
      signal: listener.signal,
      limits: listener.limits ?? defaultLimits,
      onKill,
    }).then(({ summary, ...end }) =>
      summary === null ? { summary, loss: describeLoss({ ...end, killedBecause }) } : { summary, loss: null },
    ),
  };
}

async function untilEnd(
  child: ChildProcess,
  { signal, limits, onKill }: { signal: AbortSignal; limits: RoundLimits; onKill: (why: string) => void },
): Promise<Omit<LostEnd, "killedBecause"> & { summary: RoundSummary | null }> {
  const { silentMs, stopMs, exitMs } = limits;
  const timers: NodeJS.Timeout[] = [];
  const over = Promise.withResolvers<void>();
  let summary: RoundSummary | null = null;
  let lastWords: Loss | null = null;
  let startError: Error | null = null;
  let isKilled = false;
  const kill = (why: string) => {
    if (isKilled) return;
    isKilled = true;
    onKill(why);
    child.kill("SIGKILL");
    // A process that hangs in the kernel does not even end by that. The lock keeps the next round from working beside it.
    timers.push(setTimeout(over.resolve, exitMs));
  };
  const killAfter = (ms: number, what: string) => {
    timers.push(setTimeout(() => kill(`it had not ended ${ms / 1_000} s after ${what}`), ms));
  };
  const stop = () => {
    child.kill("SIGTERM");
    killAfter(stopMs, "SIGTERM");
  };
  let turns = 0;
  const onTurn = () => {
    turns++;
    if (turns > silentTurns) kill(`it gave no sign of life for ${silentMs / 1_000} s`);
  };
  timers.push(setInterval(onTurn, silentMs / silentTurns));
  child.on("message", (message: RoundMessage) => {
    turns = 0;
    if (message.type === "lost") lastWords = message.loss;
    if (message.type !== "ended") return;
    ({ summary } = message);
    killAfter(exitMs, "its last message");
  });
  // The system may have no memory or no process to give.
  child.on("error", (error) => {
    startError = error;
    over.resolve();
  });
  child.once("close", () => over.resolve());
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await over.promise;
    return { summary, lastWords, startError, exitCode: child.exitCode, signal: child.signalCode };
  } finally {
    signal.removeEventListener("abort", stop);
    for (const timer of timers) clearTimeout(timer);
    // A process that cannot be killed must not keep this one from ending.
    child.unref();
    if (child.connected) child.disconnect();
  }
}
