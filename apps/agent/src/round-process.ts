import { type ChildProcess, spawn } from "node:child_process";

import type { LogForm } from "./log-event.ts";
import { type RoundMessage, type RoundReport, type WatchSetting, newerRevision } from "./round-report.ts";

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
  logForm: LogForm;
}

export interface RunningRound {
  /** The commit that it works at; null when that is not known yet. */
  fetched: () => string | null;
  /** The branch has moved on: it is asked to end its waiting. */
  tellNewerRevision: () => void;
  /** What it reported; null when it ended without a word, or could not begin. */
  ended: Promise<RoundReport | null>;
}

/**
 * One round in a process of its own, which ends with it: memory that a round takes is given back. On abort it is asked
 * to end, and finishes what it is in.
 */
export function startRound(
  input: RoundInput,
  on: { signal: AbortSignal; onSetting: (setting: WatchSetting) => void },
): RunningRound {
  const { program, config, trigger, attempt, isGitSilent, logForm } = input;
  const options = { config, trigger, attempt: String(attempt), log: logForm };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  if (isGitSilent) args.push("--git-silent");
  const child = spawn(process.execPath, [program, "reconcile", ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let fetched: string | null = null;
  const onMessage = (message: RoundMessage) => {
    if (message.type === "fetched") fetched = message.commit;
    if (message.type === "started") on.onSetting(message.setting);
    if (message.type === "ended") on.onSetting(message.report);
  };
  child.on("message", onMessage);
  return {
    fetched: () => fetched,
    tellNewerRevision: () => {
      // It may just have ended by itself.
      if (child.connected) child.send(newerRevision, () => {});
    },
    ended: untilEnd(child, on.signal),
  };
}

async function untilEnd(child: ChildProcess, signal: AbortSignal): Promise<RoundReport | null> {
  const stop = () => void child.kill("SIGTERM");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve) => {
      let report: RoundReport | null = null;
      child.on("message", (message: RoundMessage) => {
        if (message.type === "ended") ({ report } = message);
      });
      // The system may have no process or memory to give: like a round that was killed.
      child.once("error", () => resolve(null));
      child.once("close", () => resolve(report));
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
