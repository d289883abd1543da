import { existsSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname } from "node:path";

import { KeelsonError, stalled } from "@keelson/model";

/** More damaged records than so many come from a failing disk, which they would fill. */
const mostSetAside = 10;

/** Whether the error is K4010 (SQLite finds damage, or a value is not Keelson's) or K4017 (no record of Keelson). */
export function isUnusable(error: unknown): error is KeelsonError {
  return error instanceof KeelsonError && ["K4010", "K4017"].includes(error.code);
}

const setAsideHint =
  "The next round sets it aside and begins a new record: what is lost is rebuilt from labels, files and the last status.";

/** K4010, for a record that stays where it is. */
export function damagedRecord(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4010",
    message: `the record ${path} is damaged`,
    hint: setAsideHint,
    cause,
  });
}

/** K4017, for a database that stays where it is. */
export function foreignRecord(path: string, cause?: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4017",
    message: `the record ${path} is the database of another program`,
    hint: setAsideHint,
    cause,
  });
}

/**
 * Renames the unusable record and its log, so that the next record begins empty and an administrator still has this
 * one. The record must be closed. Returns the error that says so; throws the system's own error.
 */
export function setAside(path: string, { code, message, cause }: KeelsonError): KeelsonError {
  const name = `${basename(path)}.damaged-`;
  const before = readdirSync(dirname(path)).filter((each) => each.startsWith(name) && each.endsWith("Z"));
  if (before.length >= mostSetAside) return beyondRepair(path, cause);
  const to = `${dirname(path)}/${name}${new Date().toISOString().replaceAll(/[-:]/g, "")}`;
  for (const part of parts) if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${to}${part}`);
  return new KeelsonError({
    code,
    message: `${message} and was set aside as ${to}`,
    hint: `The next round begins a new record, from labels, files and the last status. ${code === "K4017" ? lookFor.program : lookFor.disk} The old one may be removed.`,
    cause,
  });
}

const lookFor = {
  disk: "Look for a failing disk (dmesg).",
  program: "Look for a program that writes into the state folder.",
} as const;

/** Renamed in this order: a kill in between must not leave the old log beside a new record. */
const parts = ["-wal", "-shm", ""];

function beyondRepair(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4010",
    message: `the record ${path} is damaged, like ${mostSetAside} before it`,
    hint: `${lookFor.disk} Then remove ${path}.damaged-*, and the next round begins a new record.`,
    outcome: stalled,
    cause,
  });
}
