import { type ChildProcess, spawn } from "node:child_process";

import type { LogForm } from "./log-event.ts";
import { type Loss, type LostEnd, describeLoss } from "./round-loss.ts";
import { type RoundMessage, type RoundSummary, type WatchSetting, newerRevision } from "./round-summary.ts";

export interface RoundInput {
  /** Path of `keelson-agent`. */
  program: string;
  config: string;
  /** What asked for the round. */
  trigger: string;
  /** Rounds in a row before it that did not end ready. */
  attempt: number;
  /** It need not wait long for Git, where the node can be kept at what it followed last. */
  isGitSilent: boolean;
  /** The commit that the branch is at, when that is known well enough; null when it has to ask. */
  knownCommit: string | null;
  /** It only reports this of the round before it; null: it is a round. */
  lost: Loss | null;
  logForm: LogForm;
}

export interface RoundListener {
  /** On abort the round is asked to end, and finishes what it is in. */
  signal: AbortSignal;
  onSetting: (setting: WatchSetting) => void;
  /** It has something to do. */
  onWork?: () => void;
  /** It said something: it lives. */
  onSign: () => void;
  limits?: RoundLimits;
}

/** When a round is killed. That loses nothing: the next one goes on from what it finds. */
export interface RoundLimits {
  /** Between two signs of life: it hangs or was stopped. */
  silentMs: number;
  /** From the request to end to its end. */
  stopMs: number;
  /** From its report, or its being killed, to its end. */
  exitMs: number;
}

/** A long pull is no silence. The stop is below the service manager's own limit (docs/operations.md). */
const defaultLimits: RoundLimits = { silentMs: 120_000, stopMs: 240_000, exitMs: 5_000 };

/** Turns without a word are counted, not time: that passes for both while the machine or the container sleeps. */
const silentTurns = 12;

export interface RunningRound {
  /** The commit that it works at; null when that is not known yet. */
  fetched: () => string | null;
  /** The branch has moved on: it is asked to end its waiting. */
  tellNewerRevision: () => void;
  /** Why it was killed; null when it was not. */
  killedBecause: () => string | null;
  /** It always ends, by the limits. */
  ended: Promise<RoundEnd>;
}

/** What it reported, or why it did not. */
export type RoundEnd = { report: RoundSummary; loss: null } | { report: null; loss: Loss };

/** One round in a process of its own, which ends with it: memory that a round takes is given back. */
export function startRound(input: RoundInput, on: RoundListener): RunningRound {
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
    on.onSign();
    if (message.type === "fetched") fetched = message.commit;
    if (message.type === "working") on.onWork?.();
    if (message.type === "started") on.onSetting(message.setting);
    if (message.type === "ended") on.onSetting(message.report);
  };
  child.on("message", onMessage);
  const onKill = (why: string) => {
    killedBecause = why;
  };
  return {
    fetched: () => fetched,
    tellNewerRevision: () => {
      // It may just have ended by itself.
      if (child.connected) child.send(newerRevision, () => {});
    },
    killedBecause: () => killedBecause,
    ended: untilEnd(child, { signal: on.signal, limits: on.limits ?? defaultLimits, onKill }).then(
      ({ report, ...end }) =>
        report === null ? { report, loss: describeLoss({ ...end, killedBecause }) } : { report, loss: null },
    ),
  };
}

async function untilEnd(
  child: ChildProcess,
  on: { signal: AbortSignal; limits: RoundLimits; onKill: (why: string) => void },
): Promise<Omit<LostEnd, "killedBecause"> & { report: RoundSummary | null }> {
  const { signal, limits } = on;
  const { silentMs, stopMs, exitMs } = limits;
  const timers: NodeJS.Timeout[] = [];
  const over = Promise.withResolvers<void>();
  let report: RoundSummary | null = null;
  let words: Loss | null = null;
  let startError: Error | null = null;
  let isKilled = false;
  const kill = (why: string) => {
    if (isKilled) return;
    isKilled = true;
    on.onKill(why);
    child.kill("SIGKILL");
    // What hangs in the kernel does not end even so; what it holds, it holds by the lock.
    timers.push(setTimeout(over.resolve, exitMs));
  };
  const killAfter = (ms: number, what: string) => {
    timers.push(setTimeout(() => kill(`it had not ended ${ms / 1_000} s after ${what}`), ms));
  };
  const stop = () => {
    child.kill("SIGTERM");
    killAfter(stopMs, "it was asked to");
  };
  let turns = 0;
  const onTurn = () => {
    turns++;
    if (turns > silentTurns) kill(`it gave no sign of life for ${silentMs / 1_000} s`);
  };
  timers.push(setInterval(onTurn, silentMs / silentTurns));
  child.on("message", (message: RoundMessage) => {
    turns = 0;
    if (message.type === "lost") words = message.loss;
    if (message.type !== "ended") return;
    ({ report } = message);
    killAfter(exitMs, "its report");
  });
  // The system may have no process or memory to give: like a round that was killed.
  child.on("error", (error) => {
    startError = error;
    over.resolve();
  });
  child.once("close", () => over.resolve());
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await over.promise;
    return { report, words, startError, exitCode: child.exitCode, signal: child.signalCode };
  } finally {
    signal.removeEventListener("abort", stop);
    for (const timer of timers) clearTimeout(timer);
    // One that cannot be killed must not keep this process.
    child.unref();
    if (child.connected) child.disconnect();
  }
}
