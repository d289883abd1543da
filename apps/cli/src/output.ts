import { styleText } from "node:util";

import { escapePainted, formatJson } from "@keelson/report/light";

export type Style = Parameters<typeof styleText>[0];

/**
 * Where a command's words go: data to stdout, everything about the run to stderr. Much of it was written by others, in
 * repositories, labels and logs, so what would rule the terminal is shown as what it is.
 */
export interface Output {
  json: boolean;
  /** stderr is a terminal that a person watches. */
  isLive: boolean;
  /** Styled when stdout takes colours (NO_COLOR, FORCE_COLOR and pipes are respected). */
  style: (format: Style, text: string) => string;
  styleError: (format: Style, text: string) => string;
  print: (text: string) => void;
  printJson: (value: unknown) => void;
  printError: (text: string) => void;
}

export function makeOutput(options: { json: boolean }): Output {
  return {
    json: options.json,
    isLive: process.stderr.isTTY && !options.json,
    style: (format, text) => styleText(format, text, { stream: process.stdout }),
    styleError: (format, text) => styleText(format, text, { stream: process.stderr }),
    print: (text) => void process.stdout.write(`${escapePainted(text)}\n`),
    printJson: (value) => void process.stdout.write(`${formatJson(value)}\n`),
    printError: (text) => void process.stderr.write(`${escapePainted(text)}\n`),
  };
}

/** Documented exit codes (docs/spec/cli.md). */
export const exitCodes = { done: 0, failed: 1, usage: 2, changes: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
