import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Status } from "../../../libs/model/src/index.ts";
import type { Platform } from "../platform.ts";

/** What the node says of itself, in its own folder. */
export async function readOwnStatus({ stateDir }: Pick<Platform, "stateDir">): Promise<Status> {
  return Status.parse(JSON.parse(await readFile(join(stateDir, "status.json"), "utf8")));
}

/** What it said last in Git, asked by plain Git, and how often it said something. */
export async function readReport(platform: Platform): Promise<{ count: number; status: Status }> {
  const { repository, environment, node } = platform;
  const ref = `refs/notes/keelson/${environment}/${node}`;
  await repository.git("fetch", "--quiet", "origin", `+${ref}:${ref}`);
  const count = Number(await repository.git("rev-list", "--count", ref));
  const commit = (await repository.git("log", "-1", "--format=%s", ref)).replace("status of ", "");
  return {
    count,
    status: Status.parse(JSON.parse(await repository.git("notes", `--ref=${ref}`, "show", commit))),
  };
}

/** `true`, `false` or `unknown`, and the reason; undefined where the status does not have it. */
export function conditionOf({ conditions }: Status, type: string): string | undefined {
  const found = conditions.find((each) => each.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
}

export function isReady(status: Status): boolean {
  return conditionOf(status, "Ready")?.startsWith("true") === true;
}
