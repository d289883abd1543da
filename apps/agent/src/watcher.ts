import { answerControl } from "./control.ts";
import { type Endpoints, openEndpoints } from "./endpoints.ts";
import { type FileWatch, openFileWatch } from "./file-watch.ts";
import { runJobProcess } from "./job-process.ts";
import { type JobWatch, openJobWatch } from "./job-watch.ts";
import type { Log, LogForm } from "./log-event.ts";
import { answerMonitor } from "./monitor.ts";
import { runTrigger } from "./next-round.ts";
import { type Notifier, openNotifier } from "./notifier.ts";
import { type Pause, openPause } from "./pause.ts";
import { type RoundRequests, openRoundRequests } from "./round-requests.ts";
import type { WatchSetting, WatchTarget } from "./round-summary.ts";
import { type TriggerWatch, openTriggerWatch } from "./trigger-watch.ts";
import { newWatchLog } from "./watch-log.ts";
import { type WatchTally, newTally } from "./watch-tally.ts";

export interface WatchOptions {
  /** The file that this process runs: its rounds run it too. */
  program: string;
  config: string;
  logForm: LogForm;
}

/** What lasts from round to round. */
export interface Watcher {
  options: WatchOptions;
  signal: AbortSignal;
  log: Log;
  tally: WatchTally;
  requests: RoundRequests;
  endpoints: Endpoints;
  files: FileWatch;
  notifier: Notifier;
  jobs: JobWatch;
  /** The open connections, with the target that they lead to; null while there is no target that can be polled. */
  watching: { triggers: TriggerWatch; target: string } | null;
  /** The pause between rounds while `watching` is null. */
  blindPause: Pause;
  /** Ends the present pause. */
  wake: () => void;
}

export function newWatcher(options: WatchOptions, signal: AbortSignal): Watcher {
  const tally = newTally();
  const node = () => tally.setting?.target ?? null;
  const log = newWatchLog({ form: options.logForm, stream: process.stdout, node });
  const blindPause = openPause();
  const wake = () => {
    blindPause.end();
    watcher.watching?.triggers.wake();
  };
  const requests = openRoundRequests(wake);
  const endpoints = openEndpoints({
    control: answerControl({ requests, work: tally.work }),
    monitor: answerMonitor(tally),
    log,
  });
  // A person who mends agent.yaml need not wait, not even where no round could begin.
  const files = openFileWatch((path) => void requests.request({ name: `${path} changed`, isAnew: true }));
  files.keep([options.config]);
  const notifier = openNotifier({
    log,
    onEnd: (result) => {
      tally.notifications[result]++;
    },
  });
  const jobs = openJobWatch({
    run: async (timer) => runJobProcess({ ...options, timer }, signal),
    onEnd: ({ job }, { outcome }) => {
      tally.jobs[outcome]++;
      if (outcome === "lost") {
        log({
          level: "error",
          event: "job-lost",
          message: `the run of ${job} told nothing of its end`,
          resource: `service:${job}`,
        });
      }
      // The status tells how it ended.
      void requests.request(runTrigger(job));
    },
    onMissed: ({ job }) => void requests.request(runTrigger(job, { isMissed: true })),
  });
  const lasting = { options, signal, log, tally, requests, endpoints, files, notifier, jobs, blindPause };
  const watcher: Watcher = { ...lasting, watching: null, wake };
  return watcher;
}

/** Takes over what a round read in agent.yaml: what to poll, which files to watch, and where to answer. */
export function adoptSetting(watcher: Watcher, setting: WatchSetting): void {
  const { options, signal, log, tally, requests, endpoints, files, notifier } = watcher;
  tally.setting = setting;
  files.keep([options.config, ...setting.files]);
  endpoints.keep(setting);
  notifier.keep(setting);
  const { credential, ...git } = setting.target.git;
  const target = JSON.stringify({ ...setting.target, git } satisfies Omit<WatchTarget, "git"> & {
    git: object;
  });
  if (watcher.watching?.target === target) {
    watcher.watching.triggers.changeLogin(credential);
    return;
  }
  watcher.watching?.triggers.close();
  watcher.watching = null;
  try {
    const triggers = openTriggerWatch(setting.target, {
      signal,
      log,
      requested: requests.waiting,
      onTurn: () => {
        tally.turnedMs = performance.now();
      },
      onPoll: (durationMs) => {
        tally.polls.count++;
        tally.polls.durationMs += durationMs;
      },
      onPollFailure: (failed) => {
        tally.pollFailures[failed]++;
      },
    });
    watcher.watching = { triggers, target };
  } catch (error) {
    // An address that is none. The round itself fails by it, with a code.
    const message = `cannot poll: ${error instanceof Error ? error.message : String(error)}`;
    log({ level: "warn", event: "cannot-poll", message });
  }
}
