import { type ChangeWatch, containersChanged, openChangeWatch } from "./change-watch.ts";
import { settleMs, untilNextRoundMs } from "./pace.ts";
import { runRound } from "./round-process.ts";
import type { Follow, RoundReport } from "./round-report.ts";

/** Without a report there is nothing to look at: the configuration could not be read, or the process was killed. */
const blindRetryMs = 5_000;

/** Rounds that changes of containers ask for sooner than this after one another come from something that does not settle. */
const calmMs = 60_000;

/** Keeps the node at its branch until it is stopped: it only knows when, and leaves what to the round. */
export async function watch(config: string, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let restless = 0;
  let roundEndedMs = 0;
  let looking: { watch: ChangeWatch; follow: string } | null = null;
  const onHangup = () => looking?.watch.wake("asked by SIGHUP");
  process.on("SIGHUP", onHangup);
  try {
    let reason = "start";
    while (!signal.aborted) {
      log(`round: ${reason}`);
      const report = await runRound(config, signal);
      if (signal.aborted) break;
      failures = report?.isReady === true ? 0 : failures + 1;
      restless = reason === containersChanged && Date.now() - roundEndedMs < calmMs ? restless + 1 : 0;
      roundEndedMs = Date.now();
      looking = reopen(looking, { report, signal });
      reason = await pauseUntilNext(report, {
        looking: looking?.watch ?? null,
        failures,
        restless,
        signal,
      });
    }
  } finally {
    process.off("SIGHUP", onHangup);
    looking?.watch.close();
  }
  log("stopped");
}

type Looking = { watch: ChangeWatch; follow: string };

/** The connections are kept for as long as they lead to the same places. */
function reopen(
  looking: Looking | null,
  on: { report: RoundReport | null; signal: AbortSignal },
): Looking | null {
  if (on.report === null) return looking;
  const follow = JSON.stringify(on.report.follow satisfies Follow);
  if (looking?.follow === follow) return looking;
  looking?.watch.close();
  return { watch: openChangeWatch(on.report.follow, { signal: on.signal, log }), follow };
}

async function pauseUntilNext(
  report: RoundReport | null,
  on: { looking: ChangeWatch | null; failures: number; restless: number; signal: AbortSignal },
): Promise<string> {
  const { looking, failures, signal } = on;
  const waitMs = report === null ? blindRetryMs : untilNextRoundMs({ ...report, failures }, Math.random());
  if (failures > 0) log(`next try in ${Math.round(waitMs / 1000)} s, or when something changes`);
  if (report !== null && looking !== null) {
    return await looking.untilChange(report, {
      dueAtMs: Date.now() + waitMs,
      settleMs: settleMs(on.restless),
    });
  }
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return "retry";
}

function log(text: string): void {
  process.stdout.write(`watch: ${text}\n`);
}
