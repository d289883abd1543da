import { setTimeout as sleep } from "node:timers/promises";

import { findBranchTip } from "@keelson/git";
import { type AgentConfig, parseDurationMs } from "@keelson/model";

import { isPollable } from "./round-summary.ts";

/** Longer ones make Node's timers fire at once. */
const longestMs = 2 ** 31 - 1;

/** Polls the branch from within a round, where the watcher cannot: an ssh or a local branch takes Git's own program. */
export interface BranchPoll extends Disposable {
  /** Polls an interval apart from now on. Calls `onMoved` once, when the branch is at another commit than this one. */
  follow: (commit: string) => void;
}

/** Does nothing for an http(s) source, which the watcher polls. */
export function openBranchPoll(
  { source, interval, timeouts }: AgentConfig,
  onMoved: (commit: string) => void,
): BranchPoll {
  const over = new AbortController();
  const { signal } = over;
  const { url, branch, credential, knownHosts: knownHostsFile } = source;
  const timeoutMs = parseDurationMs(timeouts.git);
  const untilMoved = async (from: string) => {
    for (;;) {
      await sleep(Math.min(parseDurationMs(interval), longestMs), undefined, { signal, ref: false });
      const tip = await findBranchTip({ url, branch, credential, knownHostsFile, timeoutMs, signal }).catch(
        () => from, // the next round tells the cause
      );
      if (signal.aborted) return;
      if (tip !== from) return onMoved(tip);
    }
  };
  return {
    follow: (commit) => {
      if (isPollable(url)) return;
      untilMoved(commit).catch(() => {}); // its pause was ended
    },
    [Symbol.dispose]: () => over.abort(),
  };
}
