import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { buildBundle } from "./bundle.ts";
import { makeLauncher, oldestNode } from "./launcher.ts";
import { makeManuals } from "./manuals.ts";
import { makeNotice } from "./notice.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const packTimeoutMs = 60_000;

export interface PackageInput {
  /** The folder `keelson` and the archive are written here, over those of before. */
  outDir: string;
  /** Default: the version of the checkout. */
  version?: string;
}

export interface NpmPackage {
  /** A folder that runs as it is: `bin/keelson.js`, `bin/keelson-agent.js`. */
  folder: string;
  /** The same, as an archive for `npm install`. */
  archive: string;
}

/**
 * Makes the npm package `keelson`: both programs with their manual pages, without dependencies. The same checkout gives
 * the same bytes.
 */
export async function makePackage({ outDir, version }: PackageInput): Promise<NpmPackage> {
  const folder = join(outDir, "keelson");
  await writePackage({ folder, ...(version === undefined ? {} : { version }) });
  return { folder, archive: await pack(folder, outDir) };
}

/** Writes the package as a folder, over that of before, and returns it. */
export async function writePackage({
  folder,
  version,
}: {
  folder: string;
  version?: string;
}): Promise<string> {
  const manifest: Manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const shipped = version ?? manifest.version;
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "man"), { recursive: true });
  const bundled = await buildBundle({ root, outDir: join(folder, "bin"), version: shipped });
  for (const name of ["keelson", "keelson-agent"]) {
    await writeFile(join(folder, "bin", `${name}.js`), makeLauncher(name), { mode: 0o755 });
  }
  const manuals = makeManuals(shipped);
  const texts = {
    "package.json": `${JSON.stringify(shippedManifest(manifest, { version: shipped, manuals }), null, 2)}\n`,
    NOTICE: await makeNotice(root, bundled),
    ...Object.fromEntries(Object.entries(manuals).map(([name, text]) => [`man/${name}`, text])),
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
  await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
  for (const name of ["README.md", "keelson-agent.service", "Dockerfile", "compose.yaml"]) {
    await cp(join(root, "packaging", name), join(folder, name));
  }
  return folder;
}

interface Manifest {
  version: string;
  license: string;
}

function shippedManifest(
  { license }: Manifest,
  { version, manuals }: { version: string; manuals: Readonly<Record<string, string>> },
): object {
  return {
    name: "keelson",
    version,
    description: "GitOps for Docker Compose fleets: what runs on each node is what Git says.",
    license,
    type: "module",
    bin: { keelson: "bin/keelson.js", "keelson-agent": "bin/keelson-agent.js" },
    man: Object.keys(manuals).map((name) => `man/${name}`),
    os: ["linux"],
    engines: { node: `>=${oldestNode.major}.${oldestNode.minor}` },
  };
}

async function pack(folder: string, outDir: string): Promise<string> {
  for (const name of await readdir(outDir)) {
    if (/^keelson-.*\.tgz$/.test(name)) await rm(join(outDir, name));
  }
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", outDir];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: folder, timeout: packTimeoutMs });
  const [{ filename } = { filename: "" }]: { filename: string }[] = JSON.parse(stdout);
  return join(outDir, filename);
}
