/**
 * node script/generate.ts [--check]
 * Writes the JSON Schemas of all documents into schemas/. With --check nothing is written: names the files that
 * are not as they would be and exits with 1.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { jsonSchemas } from "../libs/manifest/src/index.ts";

const folder = fileURLToPath(new URL("../schemas/", import.meta.url));

async function readCommitted(name: string): Promise<string | null> {
  try {
    return await readFile(`${folder}${name}`, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

const check = process.argv.includes("--check");
await mkdir(folder, { recursive: true });
for (const [name, text] of jsonSchemas()) {
  if ((await readCommitted(name)) === text) continue;
  if (check) {
    process.exitCode = 1;
    process.stderr.write(`schemas/${name} is stale: run node script/generate.ts\n`);
  } else {
    await writeFile(`${folder}${name}`, text);
    process.stdout.write(`wrote schemas/${name}\n`);
  }
}
