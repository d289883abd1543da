import { type Log, type LogForm, humanTime } from "./log-event.ts";
import { plainText } from "./plain-text.ts";

export interface WatchLogInput {
  form: LogForm;
  stream: { write: (text: string) => unknown };
  /** The node of every line; null before the first round has told it. */
  node: () => { environment: string; node: string } | null;
}

/**
 * The log of the watcher. Its lines have the form of a round's, which pino writes. The watcher does without pino because of
 * its memory (docs/decisions/0011-the-log-and-the-metrics-of-the-watcher.md).
 */
export function newWatchLog({ form, stream, node }: WatchLogInput): Log {
  if (form === "human") {
    return ({ message, code }) => {
      const said = `watch: ${plainText(message)}${code === undefined ? "" : ` [${code}]`}`;
      stream.write(`${humanTime(new Date())} ${said}\n`);
    };
  }
  return ({ level, message, ...fields }) => {
    const { environment, node: name } = node() ?? {};
    const time = new Date().toISOString();
    const line = { level, time, environment, node: name, ...fields, message: plainText(message) };
    stream.write(`${JSON.stringify(line)}\n`);
  };
}
