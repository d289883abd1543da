import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findComposeBinary } from "../../libs/compose/src/index.ts";

/** The Compose program that an agent of a test run uses. */
export async function findCompose(): Promise<string> {
  return findComposeBinary(process.env);
}

/**
 * A Compose program that runs a script of the test before it becomes the real one; `$COMPOSE` in the script is that.
 * Returns its path, for KEELSON_COMPOSE.
 */
export async function makeComposeProgram(folder: string, script: string): Promise<string> {
  const path = join(folder, "docker-compose");
  await writeFile(path, `#!/bin/sh\nCOMPOSE='${await findCompose()}'\n${script}\nexec "$COMPOSE" "$@"\n`);
  await chmod(path, 0o755);
  return path;
}
