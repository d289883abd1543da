/** One thing that happened: a line of JSON for machines, or a text for people. */
export interface LogEvent {
  level: "info" | "warn" | "error";
  /** A name that stays, such as `operation-done`: what a query of a log asks for. */
  event: string;
  message: string;
  /** The same at length; a terminal shows it instead of the message, and nothing where it is empty. */
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

export const logForms = ["human", "json"] as const;
export type LogForm = (typeof logForms)[number];

/** As it was asked for, or what fits the reader: people sit at terminals. */
export function chooseLogForm(asked: LogForm | undefined, stream: { isTTY?: boolean }): LogForm {
  return asked ?? (stream.isTTY === true ? "human" : "json");
}
