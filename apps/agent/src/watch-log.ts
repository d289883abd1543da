import type { Log, LogForm } from "./log-event.ts";
import { plainText } from "./plain-text.ts";

export interface WatchLogInput {
  form: LogForm;
  stream: { write: (text: string) => unknown };
  /** Whose log it is; null before the first round has told. */
  node: () => { environment: string; node: string } | null;
}

/**
 * The log of the process that stays: the same lines as the log of a round, which pino writes. Here a library would cost
 * more memory than all that there is to log (docs/decisions/0011-the-log-and-the-metrics-of-the-watcher.md).
 */
export function newWatchLog({ form, stream, node }: WatchLogInput): Log {
  if (form === "human") {
    return ({ message, code }) => {
      stream.write(`watch: ${plainText(message)}${code === undefined ? "" : ` [${code}]`}\n`);
    };
  }
  return ({ level, message, ...fields }) => {
    const { environment, node: name } = node() ?? {};
    const time = new Date().toISOString();
    const line = { level, time, environment, node: name, ...fields, message: plainText(message) };
    stream.write(`${JSON.stringify(line)}\n`);
  };
}
