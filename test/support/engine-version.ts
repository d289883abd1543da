import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./program.ts";

/** The machine's own engine, and what script/setup --tests fetches beside it where it can be had. */
export const engineVersions = ["own", "28"] as const;
export type EngineVersion = (typeof engineVersions)[number];

/** Whether a test can have that engine here. Where not, script/setup has said why. */
export function hasEngine(version: EngineVersion): boolean {
  return version === "own" || existsSync(join(rootOf(version), "usr/sbin/dockerd"));
}

/** The folders with its programs, which come before those of the machine. Throws when it is not there. */
export function findPrograms(version: EngineVersion): string[] {
  if (version === "own") return [];
  if (!hasEngine(version))
    throw new Error(`Docker Engine ${version} is missing: run script/setup --tests, which says why`);
  return ["usr/sbin", "usr/bin"].map((folder) => join(rootOf(version), folder));
}

function rootOf(version: EngineVersion): string {
  return join(checkout, `.keelson/engine-${version}`);
}
