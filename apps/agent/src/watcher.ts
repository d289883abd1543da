import { type Calls, openCalls } from "./calls.ts";
import { type ChangeWatch, openChangeWatch } from "./change-watch.ts";
import { answerControl } from "./control.ts";
import { type Endpoints, openEndpoints } from "./endpoints.ts";
import { type FileWatch, openFileWatch } from "./file-watch.ts";
import type { Log, LogForm } from "./log-event.ts";
import { answerMonitor } from "./monitor.ts";
import { type Pause, openPause } from "./pause.ts";
import type { WatchTarget, WatchSetting } from "./round-summary.ts";
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
  calls: Calls;
  endpoints: Endpoints;
  files: FileWatch;
  /** The connections, kept for as long as they lead to the same places; null where a round has told of none. */
  looking: { watch: ChangeWatch; follow: string } | null;
  /** For as long as there is nothing to look at. */
  blind: Pause;
  /** Ends the present pause. */
  wake: () => void;
}

export function newWatcher(options: WatchOptions, signal: AbortSignal): Watcher {
  const tally = newTally();
  const node = () => tally.setting?.follow ?? null;
  const log = newWatchLog({ form: options.logForm, stream: process.stdout, node });
  const blind = openPause();
  const wake = () => {
    blind.end();
    watcher.looking?.watch.wake();
  };
  const calls = openCalls(wake);
  const endpoints = openEndpoints({ control: answerControl(calls), monitor: answerMonitor(tally), log });
  // What a person mends is tried at once, also where a round could not even begin.
  const files = openFileWatch((path) => void calls.call(`${path} changed`));
  files.keep([options.config]);
  const lasting = { options, signal, log, tally, calls, endpoints, files, blind };
  const watcher: Watcher = { ...lasting, looking: null, wake };
  return watcher;
}

/** Takes what a round told of agent.yaml: where to look, and where to answer. */
export function adoptSetting(watcher: Watcher, setting: WatchSetting): void {
  const { options, signal, log, tally, calls, endpoints, files } = watcher;
  tally.setting = setting;
  files.keep([options.config, ...setting.files]);
  endpoints.keep(setting);
  const { credential, ...git } = setting.follow.git;
  const follow = JSON.stringify({ ...setting.follow, git } satisfies Omit<WatchTarget, "git"> & {
    git: object;
  });
  if (watcher.looking?.follow === follow) {
    watcher.looking.watch.changeLogin(credential);
    return;
  }
  watcher.looking?.watch.close();
  watcher.looking = null;
  try {
    const watch = openChangeWatch(setting.follow, {
      signal,
      log,
      called: calls.pending,
      onTurn: () => {
        tally.turnedMs = performance.now();
      },
      onLook: (durationMs) => {
        tally.looks.count++;
        tally.looks.durationMs += durationMs;
      },
      onPollFailure: (of) => {
        tally.pollFailures[of]++;
      },
    });
    watcher.looking = { watch, follow };
  } catch (error) {
    // An address that cannot be one: the round says so, with its code, and comes again by its back-off.
    const message = `cannot look: ${error instanceof Error ? error.message : String(error)}`;
    log({ level: "warn", event: "cannot-look", message });
  }
}
