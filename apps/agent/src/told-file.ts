import { readFileSync, renameSync, writeFileSync } from "node:fs";

import type { NodeState, Notification } from "./notification.ts";

/** What was told, and what still has to be: it outlives the agent. */
export interface Told {
  /** The state that the last notification is about, told or not; null before the first one. */
  state: NodeState | null;
  /** Notifications in their order, with how often each was tried. */
  pending: { notification: Notification; attempts: number }[];
}

/** Returns what a file says; nothing where there is none. Throws the system's error, and SyntaxError for another file. */
export function readTold(file: string): Told {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { state: null, pending: [] };
    throw error;
  }
  const told: Told = JSON.parse(text);
  // One that is no notification would end the agent, and again after each start.
  if (!Array.isArray(told.pending) || !told.pending.every(isPending))
    throw new SyntaxError("it does not list what is pending");
  return told;
}

function isPending(value: Partial<Told["pending"][number]> | null): boolean {
  return typeof value?.notification?.state === "string" && typeof value.attempts === "number";
}

/** Writes the file as a whole, so that a kill leaves the one before. Throws the system's error. */
export function writeTold(file: string, told: Told): void {
  const partial = `${file}.new`;
  writeFileSync(partial, `${JSON.stringify(told)}\n`, { mode: 0o600, flush: true });
  renameSync(partial, file);
}
