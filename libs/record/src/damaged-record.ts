import { existsSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname } from "node:path";

import { KeelsonError, stalled } from "@keelson/model";

/** More than so many come from a disk that fails, which would fill up with them. */
const mostSetAside = 10;

/** K4010: what SQLite finds damaged, or what is none of our values. K4017: what is no record of Keelson at all. */
export function isUnusable(error: unknown): error is KeelsonError {
  return error instanceof KeelsonError && ["K4010", "K4017"].includes(error.code);
}

/** K4010, of a record that is left where it is. */
export function damagedRecord(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4010",
    message: `the record ${path} is damaged`,
    hint: "The next round sets it aside and begins a new one: what is lost is rebuilt from labels, files and reports.",
    cause,
  });
}

/** K4017, of a database that is left where it is. */
export function foreignRecord(path: string, cause?: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4017",
    message: `the record ${path} is a database of something else than Keelson`,
    hint: "The next round sets it aside and begins a new one: what is lost is rebuilt from labels, files and reports.",
    cause,
  });
}

/**
 * Gives the unusable record, which must be closed, another name, with what belongs to it: the next one begins empty, and
 * whoever looks after the node still has this one. Returns the error that says so; throws the system's own error.
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
    hint: `The next round begins a new one, from labels, files and reports. ${lookFor[code] ?? ""} The old one may be removed.`,
    cause,
  });
}

const lookFor: Readonly<Record<string, string>> = {
  K4010: "Look for a failing disk (dmesg).",
  K4017: "Look for a program that writes into the state folder.",
};

/** The record itself last: a kill in between must not leave its log beside the next one. */
const parts = ["-wal", "-shm", ""];

function beyondRepair(path: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K4010",
    message: `the record ${path} is damaged, as ${mostSetAside} were before it`,
    hint: `Look for a failing disk (dmesg). Then remove ${path}.damaged-*, and the next round begins a new one.`,
    outcome: stalled,
    cause,
  });
}
