/** One thing that happened: a line of JSON for machines, or a text for people. */
export interface LogEvent {
  level: "info" | "warn" | "error";
  /** A name for queries of the log, such as `operation-done`. It does not change from version to version. */
  event: string;
  message: string;
  /** The message at length, for a terminal, which shows nothing where this is empty. */
  detail?: string;
  /** Of docs/errors.md. */
  code?: string;
  hint?: string;
  /** `service:lab-core/nginx`, or `file:line:column` of a problem. */
  resource?: string;
  elapsedMs?: number;
  commit?: string;
}

export type Log = (event: LogEvent) => void;

/** The local time that begins each text for people, such as `2026-01-31 12:00:00`. */
export function humanTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}

export const logForms = ["human", "json"] as const;
export type LogForm = (typeof logForms)[number];

/** The form that was chosen, or else `human` for a terminal. */
export function chooseLogForm(chosen: LogForm | undefined, stream: { isTTY?: boolean }): LogForm {
  return chosen ?? (stream.isTTY === true ? "human" : "json");
}
