import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { checkout, outputOf } from "../support/index.ts";

const downloadTimeoutMs = 240_000;

/** Path of a Node of a version such as `26` or `22.13.0`: this one, or one that is fetched once into .keelson/. */
export async function provideNode(version: string): Promise<string> {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return process.execPath;
  const architecture = { x64: "x64", arm64: "arm64" }[process.arch as string];
  if (architecture === undefined) throw new Error(`there is no package of Node for ${process.arch}`);
  const name = `node-linux-${architecture}`;
  const folder = join(checkout, `.keelson/node-${version}`);
  await fetchOnce(folder, async (partial) => {
    const quiet = ["--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
    await outputOf(["npm", "install", ...quiet, "--prefix", partial, `${name}@${version}`], {
      timeoutMs: downloadTimeoutMs,
    });
  });
  return join(folder, "node_modules", name, "bin/node");
}

/** A folder with Debian packages of the machine's own suite and, unless `alone`, all that they need, fetched once. */
export async function provideDebs(
  name: string,
  packages: readonly string[],
  { alone = false } = {},
): Promise<string> {
  const folder = join(checkout, `.keelson/${name}`);
  await fetchOnce(folder, async (partial) => {
    const suite = (await outputOf(["sh", "-c", '. /etc/os-release && echo "$VERSION_CODENAME"'])).trim();
    await outputOf(
      [join(checkout, "script/fetch-debs"), ...(alone ? ["--alone"] : []), suite, partial, ...packages],
      {
        timeoutMs: downloadTimeoutMs,
      },
    );
    // Only programs are wanted.
    for (const pages of ["doc", "locale", "man"]) {
      await rm(join(partial, "usr/share", pages), { recursive: true, force: true });
    }
  });
  return folder;
}

/** An interrupted download leaves nothing that looks complete, and of two at the same time one wins. */
async function fetchOnce(folder: string, fetch: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await fetch(partial);
    await rename(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
