import { formatError } from "@keelson/model/light";
import { escapeLines } from "@keelson/report/light";

import { type RoundMessage, aliveEveryMs } from "./round-summary.ts";

/** How long its last words may take. */
const lastWordsMs = 1_000;

let hide = (text: string) => text;

/** Takes secret values, once they are known, out of what a crash prints. */
export function hideInCrash(hideValues: (text: string) => string): void {
  hide = hideValues;
}

/** A watcher that started this round hears how it goes, if it still lives. */
export function tell(message: RoundMessage, onTold: () => void = () => {}): void {
  if (process.connected) process.send?.(message, () => onTold());
  else onTold();
}

/** It ends a round that it hears nothing of, and reports how a round died that could not do it itself. */
export function tellLife(): void {
  setInterval(() => tell({ type: "alive" }), aliveEveryMs).unref();
  let isDying = false;
  process.on("uncaughtException", (error: unknown) => {
    // What follows from the first one tells less.
    if (isDying) return;
    isDying = true;
    const end = () => process.exit(1);
    setTimeout(end, lastWordsMs);
    tell({ type: "lost", loss: { code: "K9046", message: `the round crashed: ${nameCrash(error)}` } }, end);
    process.stderr.write(`${escapeLines(hide(formatError(error)))}\n`);
  });
}

/**
 * Kind, code and place of an error, without its text: that can hold a part of what was being read, which nobody could
 * recognise as a secret. The whole stands in the node's own log.
 */
export function nameCrash(error: unknown): string {
  if (!(error instanceof Error)) return `something was thrown that is no error (${typeof error})`;
  const code =
    "code" in error && typeof error.code === "string" ? /^\w{1,60}$/.exec(error.code)?.[0] : undefined;
  const place = /^ +at (.*)$/m.exec(error.stack ?? "")?.[1]?.replace(/(?:file:\/\/)?[^\s()]*\//g, "");
  const kind = /^\w{1,60}$/.exec(error.name)?.[0] ?? "Error";
  return [kind, code, place === undefined ? undefined : `at ${place.slice(0, 200)}`]
    .filter((part) => part !== undefined)
    .join(" ");
}
