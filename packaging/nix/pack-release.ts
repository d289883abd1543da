// node packaging/nix/pack-release.ts FOLDER [ARCHIVE]
// Checks the folder of a release and prints its digest; writes it as an archive too where one is named. It runs where no npm
// package is installed, so what it imports loads none.
import { writeFile } from "node:fs/promises";

import { dumpNar, findTreeFaults, narDigest } from "../../libs/nar/src/index.ts";
import { walkFolder } from "../../libs/store/src/folder-walk.ts";

const [folder = "", archive] = process.argv.slice(2);
const faults = await findTreeFaults(walkFolder(folder));
for (const { path, message } of faults) process.stderr.write(`${path} ${message}\n`);
if (faults.length > 0) process.exitCode = 1;
else {
  if (archive !== undefined) await writeFile(archive, dumpNar(walkFolder(folder)));
  process.stdout.write(`${await narDigest(walkFolder(folder))}\n`);
}
