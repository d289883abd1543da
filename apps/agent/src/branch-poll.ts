import { setTimeout as sleep } from "node:timers/promises";

import { findBranchTip } from "@keelson/git";
import { type AgentConfig, parseDurationMs } from "@keelson/model";

/** Longer ones make Node's timers fire at once. */
const longestMs = 2 ** 31 - 1;

/** A round's own look at its branch, where the watcher cannot ask: that loads nothing that could. */
export interface BranchPoll extends Disposable {
  /** From now on, an interval apart; calls `onMoved` once when the branch is at another commit than this one. */
  follow: (commit: string) => void;
}

/** For an ssh or a local source, which takes Git's own program. An http(s) server is asked by the watcher. */
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
        () => from, // the next round says why
      );
      if (signal.aborted) return;
      if (tip !== from) return onMoved(tip);
    }
  };
  return {
    follow: (commit) => {
      if (/^https?:\/\//i.test(url)) return;
      untilMoved(commit).catch(() => {}); // its rest was ended
    },
    [Symbol.dispose]: () => over.abort(),
  };
}
