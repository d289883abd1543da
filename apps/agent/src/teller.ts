import type { Log } from "./log-event.ts";
import type { Send } from "./notification-sender.ts";
import { type Notification, mostAttempts, notificationRetryMs } from "./notification.ts";
import { openPause } from "./pause.ts";
import { type Told, readTold, writeTold } from "./told-file.ts";

/** More would only be history to whoever comes back. The oldest go first. */
const mostPending = 20;

export interface TellerInput {
  /** How the notifications are sent: `command` or `webhook`. */
  name: string;
  file: string;
  log: Log;
  /** Called when a notification was taken, or is tried no more. */
  onEnd: (result: "told" | "failed") => void;
  /** Asked for each attempt: agent.yaml may have changed. */
  send: () => Send;
  /** Default: the retry back-off of a notification. */
  retryMs?: (attempts: number) => number;
}

export interface Teller {
  /** Takes a notification, unless the last one was about the same state. */
  note: (notification: Omit<Notification, "before">) => void;
  close: () => void;
}

/**
 * Tells changes of a state one after the other, each until it was taken or `mostAttempts` have failed. What is pending is in
 * the file before it is sent, so that an agent that was killed tells it after its start. Nobody waits for this.
 */
export function openTeller(input: TellerInput): Teller {
  const { name, file, log, retryMs = (attempts) => notificationRetryMs(attempts, Math.random()) } = input;
  const told = readOrBegin(input);
  const closing = new AbortController();
  const pause = openPause();
  let isAtWork = false;
  let isNoted = true;
  const save = () => {
    try {
      writeTold(file, told);
      isNoted = true;
    } catch (error) {
      // Once for a disk that stays full. The agent goes on with what it remembers.
      if (isNoted)
        log({ level: "warn", event: "cannot-notify", code: "K9087", message: unnoted(file, error) });
      isNoted = false;
    }
  };
  const tellFirst = async (first: Told["pending"][number]) => {
    if (first.attempts > 0) await pause.rest(retryMs(first.attempts));
    if (closing.signal.aborted) return;
    first.attempts++;
    save();
    const { state } = first.notification;
    try {
      await input.send()(`${JSON.stringify(first.notification)}\n`, closing.signal);
    } catch (error) {
      if (closing.signal.aborted) return;
      const message = `the ${name} was not told that the node is ${state}: ${describe(error)}`;
      if (first.attempts < mostAttempts) {
        if (first.attempts === 1) log({ level: "warn", event: "notify-failed", code: "K9086", message });
        return;
      }
      log({
        level: "error",
        event: "notify-ended",
        code: "K9086",
        message: `${message}; it is tried no more`,
      });
      drop(first, "failed");
      return;
    }
    log({ level: "info", event: "notified", message: `the ${name} was told that the node is ${state}` });
    drop(first, "told");
  };
  const drop = (first: Told["pending"][number], result: "told" | "failed") => {
    input.onEnd(result);
    // Too many that came meanwhile may have pushed it out.
    told.pending = told.pending.filter((each) => each !== first);
    save();
  };
  const work = async () => {
    if (isAtWork) return;
    isAtWork = true;
    for (let first = told.pending[0]; first !== undefined && !closing.signal.aborted; first = told.pending[0])
      await tellFirst(first);
    isAtWork = false;
  };
  void work();
  return {
    note: (notification) => {
      if (notification.state === told.state) return;
      told.pending.push({ notification: { ...notification, before: told.state }, attempts: 0 });
      told.pending = told.pending.slice(-mostPending);
      told.state = notification.state;
      save();
      void work();
    },
    close: () => {
      closing.abort();
      pause.end();
    },
  };
}

function readOrBegin({ file, log }: TellerInput): Told {
  try {
    return readTold(file);
  } catch (error) {
    log({ level: "warn", event: "cannot-notify", code: "K9087", message: unnoted(file, error) });
    return { state: null, pending: [] };
  }
}

function unnoted(file: string, error: unknown): string {
  return `what was told cannot be noted in ${file}: ${describe(error)}`;
}

/** The system's code, such as ECONNREFUSED, where there is one: its words may name more than a log should hold. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return `${error.message}${code}`;
}
