import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

interface NpmPackage {
  name: string;
  version: string;
  license: string;
  /** Of its licence and notice files; empty when it has none. */
  text: string;
}

/**
 * What the licences of bundled packages ask for: each one's name, version and licence with its text, sorted. `files` are
 * paths of the packages' files below the checkout.
 */
export async function makeNotice(root: string, files: readonly string[]): Promise<string> {
  const folders = new Set(files.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const packages = await Promise.all([...folders].map(async (folder) => readPackage(join(root, folder))));
  const entries = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]));
  const parts = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { license, text }]) => `${"=".repeat(78)}\n${name} (${license})\n\n${text}`);
  return `Keelson holds parts of these packages, under their own licences.\n\n${parts.join("\n")}`;
}

async function readPackage(folder: string): Promise<NpmPackage> {
  const manifest: { name: string; version: string; license?: string } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const { name, version, license } = manifest;
  if (license === undefined) throw new Error(`${name} ${version} names no licence`);
  const names = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file)).sort();
  const texts = await Promise.all(names.map(async (file) => readFile(join(folder, file), "utf8")));
  return { name, version, license, text: texts.map((text) => `${text.trim()}\n`).join("\n") };
}
