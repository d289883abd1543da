import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Status } from "../../libs/model/src/index.ts";
import type { GitRepository } from "../support/index.ts";

/** What a node has said of itself in Git. */
export interface Report {
  /** How often it said something. */
  readonly count: number;
  /** The commit that the last report hangs on. */
  readonly commit: string;
  readonly status: Status;
}

/** What a node says of itself in its own folder; rejects where it has said nothing yet. */
export async function readOwnStatus(stateDir: string): Promise<Status> {
  return Status.parse(JSON.parse(await readFile(join(stateDir, "status.json"), "utf8")));
}

/** What a node said last to a repository, asked of that by plain Git as others do; rejects where it has said nothing yet. */
export async function readReport(
  repository: GitRepository,
  { url, environment, node }: { url: string; environment: string; node: string },
): Promise<Report> {
  const ref = `refs/notes/keelson/${environment}/${node}`;
  await repository.git("fetch", "--quiet", url, `+${ref}:${ref}`);
  // All of it is of this one commit, whatever the node says meanwhile.
  const tip = await repository.git("rev-parse", ref);
  const count = Number(await repository.git("rev-list", "--count", tip));
  const commit = (await repository.git("log", "-1", "--format=%s", tip)).replace("status of ", "");
  const note = await repository.git("notes", `--ref=${ref}`, "show", commit);
  return { count, commit, status: Status.parse(parseNote(note)) };
}

/** The JSON of a note, behind its heading; a version before the heading has the JSON alone. */
export function parseNote(note: string): unknown {
  return JSON.parse(note.replace(/^# .*\n/, ""));
}

/** `true`, `false` or `unknown`; undefined where the status does not have the condition. */
export function conditionOf({ conditions }: Status, type: string): string | undefined {
  return conditions.find((each) => each.type === type)?.status;
}

/** Why a condition is as it is: a code, where there is one. */
export function reasonOf({ conditions }: Status, type: string): string | undefined {
  return conditions.find((each) => each.type === type)?.reason;
}

export function isReady(status: Status): boolean {
  return conditionOf(status, "Ready") === "true";
}

export function hasError({ errors }: Status, code: string): boolean {
  return errors.some((error) => error.code === code);
}
