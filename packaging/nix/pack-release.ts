// node packaging/nix/pack-release.ts FOLDER NAME VERSION [ARCHIVE]
// Checks that a folder is this release and prints its digest; writes it as an archive too where one is named. It runs where no
// npm package is installed, so what it imports loads none.
import { lstat, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { dumpNar, findTreeFaults, narDigest } from "../../libs/nar/src/index.ts";
import { walkFolder } from "../../libs/store/src/folder-walk.ts";
import { readReleaseName } from "./release-name.ts";

const [folder = "", name = "", version = "", archive] = process.argv.slice(2);
const faults = (await findTreeFaults(walkFolder(folder))).map(({ path, message }) => `${path} ${message}`);
faults.push(...(await findNameFaults()));
for (const fault of faults) process.stderr.write(`${fault}\n`);
if (faults.length > 0) process.exitCode = 1;
else {
  if (archive !== undefined) await writeFile(archive, dumpNar(walkFolder(folder)));
  process.stdout.write(`${await narDigest(walkFolder(folder))}\n`);
}

/** In `releases/NAME/VERSION` there must be that release: by these two a lock names it. */
async function findNameFaults(): Promise<string[]> {
  const place = join(folder, "release.yaml");
  try {
    if (!(await lstat(place)).isFile()) return ["release.yaml is not a file"];
    const said = readReleaseName(await readFile(place));
    if (said.name === name && said.version === version) return [];
    return [
      `release.yaml is that of ${said.name} ${said.version}, in the folder releases/${name}/${version}`,
    ];
  } catch (error) {
    return [`release.yaml cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}
