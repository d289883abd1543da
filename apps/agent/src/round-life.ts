import { formatError } from "@keelson/model/light";
import { escapeLines } from "@keelson/report/light";

import { type RoundMessage, aliveEveryMs } from "./round-summary.ts";

/** How long a crashing round may take to tell its loss. */
const lastWordsMs = 1_000;

let hide = (text: string) => text;

/** Takes secret values out of what a crash prints, from when they are known. */
export function hideInCrash(hideValues: (text: string) => string): void {
  hide = hideValues;
}

/** Sends a message to the watcher that started this round, if it did and still lives. `onTold` is called in any case. */
export function tell(message: RoundMessage, onTold: () => void = () => {}): void {
  if (process.connected) process.send?.(message, () => onTold());
  else onTold();
}

/** Gives the watcher signs of life, without which it kills the round, and tells it of a crash. */
export function tellLife(): void {
  setInterval(() => tell({ type: "alive" }), aliveEveryMs).unref();
  let isDying = false;
  process.on("uncaughtException", (error: unknown) => {
    // Only the first error tells the cause.
    if (isDying) return;
    isDying = true;
    const end = () => process.exit(1);
    setTimeout(end, lastWordsMs);
    tell({ type: "lost", loss: { code: "K9046", message: `the round crashed: ${nameCrash(error)}` } }, end);
    process.stderr.write(`${escapeLines(hide(formatError(error)))}\n`);
  });
}

/**
 * Kind, code and place of an error, without its message. A message can hold a part of what was being read, which cannot be
 * recognised as a secret. The node's own log has all of it.
 */
export function nameCrash(error: unknown): string {
  if (!(error instanceof Error)) return `a value was thrown that is no error (${typeof error})`;
  const code =
    "code" in error && typeof error.code === "string" ? /^\w{1,60}$/.exec(error.code)?.[0] : undefined;
  const place = /^ +at (.*)$/m.exec(error.stack ?? "")?.[1]?.replace(/(?:file:\/\/)?[^\s()]*\//g, "");
  const kind = /^\w{1,60}$/.exec(error.name)?.[0] ?? "Error";
  return [kind, code, place === undefined ? undefined : `at ${place.slice(0, 200)}`]
    .filter((part) => part !== undefined)
    .join(" ");
}
