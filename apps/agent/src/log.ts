import { redact } from "@keelson/model";
import { escapeLines } from "@keelson/report";
import { pino } from "pino";

import { type Log, type LogEvent, type LogForm, humanTime } from "./log-event.ts";

export interface LogInput {
  form: LogForm;
  stream: { write: (text: string) => unknown };
  /** The node of every line of JSON; null when agent.yaml could not be read. */
  node: { environment: string; node: string } | null;
}

/**
 * The log of a round: one line of JSON for each event, or a text for people. Much of it was written by others, so logins
 * are taken out, and characters that control a terminal are shown as escapes.
 */
export function newLog({ form, stream, node }: LogInput): Log {
  if (form === "human") {
    return (event) => {
      const { detail, message } = clean(event);
      const text = detail ?? message;
      if (text === "") return;
      const time = `${humanTime(new Date())} `;
      // What follows stands below the text, not below the time.
      stream.write(`${time}${text.replaceAll("\n", `\n${" ".repeat(time.length)}`)}\n`);
    };
  }
  const json = pino(
    {
      base: node ?? {},
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    stream,
  );
  return (event) => {
    const { level, message, ...fields } = clean(event);
    json[level](fields, message);
  };
}

function clean(event: LogEvent): LogEvent {
  const fields = Object.entries(event).map(([key, value]) => [
    key,
    typeof value === "string" ? escapeLines(redact(value)) : value,
  ]);
  return { ...event, ...Object.fromEntries(fields) };
}
