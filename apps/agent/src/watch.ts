import type { ChangeWatch } from "./change-watch.ts";
import { containersChanged } from "./look.ts";
import { spread } from "./pace.ts";
import type { Loss } from "./round-loss.ts";
import { startRound } from "./round-process.ts";
import type { RoundSummary, WatchSetting } from "./round-summary.ts";
import { addRound, noteWork } from "./watch-tally.ts";
import { type WatchOptions, type Watcher, adoptSetting, newWatcher } from "./watcher.ts";

/** Keeps the node at its branch until it is stopped: it only knows when, and leaves what to the round. */
export async function watch(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const watcher = newWatcher(options, signal);
  const { log, calls } = watcher;
  const onHangup = () => void calls.call("asked by SIGHUP");
  process.on("SIGHUP", onHangup);
  signal.addEventListener("abort", watcher.wake);
  let attempt = 0;
  let report: RoundSummary | null = null;
  try {
    let reason = "start";
    while (!signal.aborted) {
      report = await runRound(watcher, { trigger: reason, attempt, before: report });
      if (signal.aborted) break;
      attempt = report?.isReady === true ? 0 : attempt + 1;
      reason = await pauseUntilNext(watcher, { report, attempt });
    }
  } finally {
    process.off("SIGHUP", onHangup);
    signal.removeEventListener("abort", watcher.wake);
    calls.take()(null);
    watcher.looking?.watch.close();
    await watcher.endpoints.close();
  }
  log({ level: "info", event: "stopped", message: "stopped" });
}

interface RoundStart {
  trigger: string;
  attempt: number;
  /** What is known of the round before; null: nothing. */
  before: RoundSummary | null;
}

/** One round, with an eye on the branch: a newer revision ends its waiting. Returns its report, or that of its loss. */
async function runRound(watcher: Watcher, on: RoundStart): Promise<RoundSummary | null> {
  const { options, signal, log, calls } = watcher;
  log({ level: "info", event: "round-began", message: `round: ${on.trigger}` });
  const answer = calls.take();
  let isCutShort = false;
  const watchBranch = async (watch: ChangeWatch) => {
    const commit = await watch.untilMoved(round);
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
    const before = watcher.looking;
    adoptSetting(watcher, setting);
    if (watcher.looking !== null && watcher.looking !== before) void watchBranch(watcher.looking.watch);
  };
  const looking = watcher.looking?.watch;
  const isGitSilent = looking?.isGitSilent() ?? false;
  // What repairs containers need not ask again what Git has just said: a slow server would hold it up.
  const knownCommit = on.trigger === containersChanged ? (looking?.knownCommit() ?? null) : null;
  const round = startRound(
    { ...options, ...on, isGitSilent, knownCommit, lost: null },
    { signal, onSetting, onWork: () => noteWork(watcher.tally), onSign: noteSign(watcher) },
  );
  if (watcher.looking !== null) void watchBranch(watcher.looking.watch);
  const end = await round.ended;
  const killedBecause = round.killedBecause();
  if (killedBecause !== null) {
    log({ level: "warn", event: "round-killed", message: `the round was killed: ${killedBecause}` });
  }
  if (!signal.aborted) addRound(watcher.tally, end);
  const report =
    end.loss === null
      ? end.report
      : await tellLoss(watcher, { ...on, loss: end.loss, fetched: round.fetched() });
  answer(report);
  return report;
}

/**
 * A lost round is told by a process that does nothing else, so that its status is not that of the round before. What it died
 * of may end this one too: then the log and the monitor alone tell it. Returns null then.
 */
async function tellLoss(
  watcher: Watcher,
  on: RoundStart & { loss: Loss; fetched: string | null },
): Promise<RoundSummary | null> {
  const { options, signal, log } = watcher;
  const { loss, before, fetched } = on;
  if (signal.aborted) return null;
  log({ level: "error", event: "round-lost", ...loss });
  // Without agent.yaml nobody knows where.
  if (loss.code === "K9045") return null;
  const onSetting = (setting: WatchSetting) => adoptSetting(watcher, setting);
  const { report } = await startRound(
    { ...options, ...on, isGitSilent: true, knownCommit: fetched, lost: loss },
    { signal, onSetting, onSign: noteSign(watcher) },
  ).ended;
  if (report === null) return null;
  // What was seen last is what differs from now on: nothing was looked at.
  const containers = before?.containers ?? null;
  return { ...report, commit: fetched ?? before?.commit ?? "", containers };
}

function noteSign({ tally }: Watcher): () => void {
  return () => {
    tally.turnedMs = performance.now();
  };
}

async function pauseUntilNext(
  watcher: Watcher,
  on: { report: RoundSummary | null; attempt: number },
): Promise<string> {
  const { log, calls, looking, signal, blind } = watcher;
  const { report, attempt } = on;
  const waitMs = report?.nextRoundMs ?? blindRetryMs(attempt);
  if (report?.isReady !== true) {
    const message = `next try in ${Math.round(waitMs / 1000)} s, or when something changes`;
    log({ level: "info", event: "waiting", message });
  }
  if (report !== null && looking !== null) return looking.watch.untilChange(report, { waitMs });
  if (calls.pending() === null && !signal.aborted) await blind.rest(waitMs);
  return calls.pending() ?? "retry";
}

/**
 * Without a report there is nothing to look at: the configuration could not be read, or the process was killed. From
 * 5 s to 1 min.
 */
function blindRetryMs(attempt: number): number {
  return spread(Math.min(60_000, 5_000 * 2 ** Math.min(attempt - 1, 16)), Math.random());
}
