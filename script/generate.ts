/**
 * node script/generate.ts [--check]
 * Writes the JSON Schemas of all documents into schemas/, and what Nix needs of pnpm-lock.yaml into
 * packaging/nix/packages.json. With --check nothing is written: names the files that are not as they would be and exits
 * with 1.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { jsonSchemas } from "../libs/manifest/src/index.ts";
import { findLockedPackages } from "../packaging/nix/locked-packages.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

async function readCommitted(path: string): Promise<string | null> {
  try {
    return await readFile(`${root}${path}`, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

const check = process.argv.includes("--check");
const lockedPackages = findLockedPackages(await readFile(`${root}pnpm-lock.yaml`, "utf8"));
const texts = [
  ...[...jsonSchemas()].map(([name, text]) => [`schemas/${name}`, text] as const),
  ["packaging/nix/packages.json", `${JSON.stringify(lockedPackages, null, 2)}\n`] as const,
];
for (const [path, text] of texts) {
  if ((await readCommitted(path)) === text) continue;
  if (check) {
    process.exitCode = 1;
    process.stderr.write(`${path} is stale: run node script/generate.ts\n`);
  } else {
    await writeFile(`${root}${path}`, text);
    process.stdout.write(`wrote ${path}\n`);
  }
}
