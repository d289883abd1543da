// node packaging/nix/lay-out-packages.ts LAYOUT
// Makes node_modules in the present folder, a copy of the checkout, as pnpm makes it. LAYOUT is a JSON file: packages.json
// where each package also says where its `archive` is. It loads no npm package, because none is there yet.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import type { LockedPackage, LockedPackages } from "./locked-packages.ts";

interface Layout extends LockedPackages {
  packages: (LockedPackage & { archive: string })[];
}

const [path = ""] = process.argv.slice(2);
const { packages, importers }: Layout = JSON.parse(readFileSync(path, "utf8"));
const folderOf = (name: string, version: string) =>
  `node_modules/.pnpm/${name.replace("/", "+")}@${version}/node_modules/${name}`;
const present = new Set(packages.map(({ name, version }) => folderOf(name, version)));

for (const { name, version, archive, dependencies } of packages) {
  const folder = folderOf(name, version);
  mkdirSync(folder, { recursive: true });
  // The folder in an archive is called `package` by most.
  execFileSync("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"], { stdio: "inherit" });
  // A package finds what it depends on beside itself.
  link(folder.slice(0, -name.length - 1), dependencies);
}
for (const [folder, dependencies] of Object.entries(importers))
  link(join(folder, "node_modules"), dependencies);

function link(folder: string, dependencies: Record<string, string>): void {
  const importer = dirname(folder);
  for (const [name, version] of Object.entries(dependencies)) {
    const isOurs = version.startsWith("link:");
    const target = isOurs ? join(importer, version.slice("link:".length)) : folderOf(name, version);
    if (!isOurs && !present.has(target)) continue;
    const place = join(folder, name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(relative(dirname(place), target), place);
  }
}
