import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { outputOf } from "../support/index.ts";
import { findCompose } from "./compose-program.ts";

export interface LoggedPrograms {
  /** For the agent: programs that note that they were called and then do what they always do. */
  readonly env: Readonly<Record<string, string>>;
  /** The command lines so far. */
  calls(): Promise<string[]>;
}

/** Puts a note-taker before `git`, `docker` and Compose. */
export async function makeLoggedPrograms(folder: string): Promise<LoggedPrograms> {
  const bin = join(folder, "bin");
  const log = join(folder, "calls");
  await mkdir(bin, { recursive: true });
  await writeFile(log, "");
  const compose = await findCompose();
  const programs = { git: await pathOf("git"), docker: await pathOf("docker"), "docker-compose": compose };
  for (const [name, path] of Object.entries(programs)) {
    if (path === "") continue;
    const file = join(bin, name);
    await writeFile(file, `#!/bin/sh\necho "${name} $*" >> '${log}'\nexec '${path}' "$@"\n`);
    await chmod(file, 0o755);
  }
  return {
    env: { PATH: `${bin}:${process.env["PATH"]}`, KEELSON_COMPOSE: join(bin, "docker-compose") },
    calls: async () => (await readFile(log, "utf8")).split("\n").filter((line) => line !== ""),
  };
}

/** Where a program is; empty when there is none. */
async function pathOf(program: string): Promise<string> {
  return (await outputOf(["sh", "-c", `command -v ${program} || true`])).trim();
}
