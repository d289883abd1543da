import { type Trigger, blindBackoffMs } from "./next-round.ts";
import { containersChanged } from "./poller.ts";
import type { Loss } from "./round-loss.ts";
import { startRound } from "./round-process.ts";
import type { RoundSummary, WatchSetting } from "./round-summary.ts";
import type { TriggerWatch } from "./trigger-watch.ts";
import { addRound, noteWork } from "./watch-tally.ts";
import { type WatchOptions, type Watcher, adoptSetting, newWatcher } from "./watcher.ts";

/** Keeps the node at its branch until it is stopped. It only knows when (next-round.ts): a round knows what. */
export async function watch(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const watcher = newWatcher(options, signal);
  const { log, requests } = watcher;
  const onHangup = () => void requests.request({ name: "SIGHUP", isAnew: true });
  process.on("SIGHUP", onHangup);
  signal.addEventListener("abort", watcher.wake);
  let attempt = 0;
  let summary: RoundSummary | null = null;
  try {
    let trigger = "start of the agent";
    while (!signal.aborted) {
      summary = await runRound(watcher, { trigger, attempt, before: summary });
      if (signal.aborted) break;
      const next = await untilNextRound(watcher, { summary, attempt });
      trigger = next.name;
      attempt = next.isAnew ? 0 : (summary?.retries ?? attempt + 1);
    }
  } finally {
    process.off("SIGHUP", onHangup);
    signal.removeEventListener("abort", watcher.wake);
    requests.take()(null);
    watcher.watching?.triggers.close();
    watcher.notifier.close();
    await watcher.jobs.close();
    await watcher.endpoints.close();
  }
  log({ level: "info", event: "stopped", message: "stopped" });
}

interface RoundStart {
  trigger: string;
  /**
   * Retries in a row that rounds before this one have announced since the back-off began; a round that told nothing
   * counts as one.
   */
  attempt: number;
  /** What the round before told; null: nothing. */
  before: RoundSummary | null;
}

/**
 * Runs one round, and polls the branch meanwhile: a newer revision ends the round's waiting. Returns the round's summary;
 * null when it told none, and its loss could not be told either.
 */
async function runRound(watcher: Watcher, start: RoundStart): Promise<RoundSummary | null> {
  const { options, signal, log, requests } = watcher;
  const { trigger, attempt } = start;
  log({ level: "info", event: "round-began", message: `round: ${trigger}` });
  const answer = requests.take();
  let isCutShort = false;
  const pollBranch = async (triggers: TriggerWatch) => {
    const commit = await triggers.untilMoved(round);
    if (commit === null || isCutShort) return;
    isCutShort = true;
    log({
      level: "info",
      event: "newer-revision",
      message: `the branch has moved on to ${commit.slice(0, 8)}`,
      commit,
    });
    round.tellNewerRevision();
  };
  const onSetting = (setting: WatchSetting) => {
    const before = watcher.watching;
    adoptSetting(watcher, setting);
    if (watcher.watching !== null && watcher.watching !== before) void pollBranch(watcher.watching.triggers);
  };
  const triggers = watcher.watching?.triggers;
  const isGitSilent = triggers?.isGitSilent() ?? false;
  // A repair does not ask Git again for what it has just told: a slow server would delay it.
  const knownCommit = trigger === containersChanged ? (triggers?.knownCommit() ?? null) : null;
  const { work } = watcher.tally;
  work.begin(trigger);
  const round = startRound(
    { ...options, trigger, attempt, isGitSilent, knownCommit, lost: null },
    {
      signal,
      onSetting,
      onWork: () => noteWork(watcher.tally),
      onObserve: () => watcher.watching?.triggers.forgetDeaths(),
      onProgress: work.note,
      onSign: noteSign(watcher),
    },
  );
  if (watcher.watching !== null) void pollBranch(watcher.watching.triggers);
  const end = await round.ended;
  work.end();
  const killedBecause = round.killedBecause();
  if (killedBecause !== null) {
    log({ level: "warn", event: "round-killed", message: `the agent killed the round: ${killedBecause}` });
  }
  if (!signal.aborted) addRound(watcher.tally, end);
  const summary =
    end.loss === null
      ? end.summary
      : await tellLoss(watcher, { ...start, loss: end.loss, fetched: round.fetched() });
  if (!signal.aborted) watcher.notifier.note({ summary, loss: end.loss });
  if (summary !== null) watcher.jobs.keep(summary.jobs);
  answer(summary);
  return summary;
}

/**
 * Starts a process that does nothing but tell the status of a round that was lost. Returns its summary; null when it was
 * lost too, perhaps by the same cause: then the log and the monitor alone tell the loss.
 */
async function tellLoss(
  watcher: Watcher,
  lost: RoundStart & { loss: Loss; fetched: string | null },
): Promise<RoundSummary | null> {
  const { options, signal, log } = watcher;
  const { trigger, attempt, loss, before, fetched } = lost;
  if (signal.aborted) return null;
  log({ level: "error", event: "round-lost", ...loss });
  // A status needs agent.yaml, which could not be read.
  if (loss.code === "K9045") return null;
  const onSetting = (setting: WatchSetting) => adoptSetting(watcher, setting);
  const { summary } = await startRound(
    { ...options, trigger, attempt, isGitSilent: true, knownCommit: fetched, lost: loss },
    { signal, onSetting, onSign: noteSign(watcher) },
  ).ended;
  if (summary === null) return null;
  // It observed nothing, so that polls compare with what the round before the lost one left.
  const { containers = null, isEngineAway = false } = before ?? {};
  return { ...summary, commit: fetched ?? before?.commit ?? "", containers, isEngineAway };
}

function noteSign({ tally }: Watcher): () => void {
  return () => {
    tally.turnedMs = performance.now();
  };
}

/** Returns the trigger of the next round, when it comes. */
async function untilNextRound(
  watcher: Watcher,
  { summary, attempt }: { summary: RoundSummary | null; attempt: number },
): Promise<Trigger> {
  const { log, requests, watching, signal, blindPause } = watcher;
  const { afterMs, trigger } = summary?.nextRound ?? {
    afterMs: blindBackoffMs(attempt, Math.random()),
    trigger: "retry",
  };
  if (summary?.isReady !== true) {
    const message = `next round in ${Math.round(afterMs / 1000)} s (${trigger}), or sooner when something changes`;
    log({ level: "info", event: "waiting", message });
  }
  if (summary !== null && watching !== null) return watching.triggers.untilTrigger(summary);
  if (requests.waiting() === null && !signal.aborted) await blindPause.rest(afterMs);
  return requests.waiting() ?? { name: trigger, isAnew: false };
}
