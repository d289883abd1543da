import { styleText } from "node:util";

import { escapePainted, formatJson } from "@keelson/report/light";

export type Style = Parameters<typeof styleText>[0];

/**
 * The output of a command: data to stdout, everything about the run to stderr. Others wrote much of the text, in
 * repositories, labels and logs. So control characters are made visible and cannot take over the terminal.
 */
export interface Output {
  json: boolean;
  /** stderr is a terminal that a person watches. */
  isLive: boolean;
  /** Styles the text when stdout takes colours; NO_COLOR, FORCE_COLOR and pipes count. */
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
