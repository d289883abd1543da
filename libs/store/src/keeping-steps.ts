import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestBytes } from "@keelson/model";

import type { DiskSteps } from "./halting-process.ts";
import { folderOf, keeping } from "./keeping-fixture.ts";
import { keepFolder } from "./kept-folder.ts";
import { contextOf } from "./mount-fixture.ts";

const old = digestBytes("old");

/** A folder with kept files, in which the program has written a file of its own. */
export const before: DiskSteps["before"] = async (stateDir) => {
  const files = { "a.conf": "old", "gone/d.conf": "old", "same.conf": "same" };
  await keepFolder(contextOf(stateDir), keeping(folderOf("etc", files)));
  await writeFile(join(stateDir, "data/wiki/etc/own"), "of the program");
};

/** One kept file is replaced, one added, one removed. */
export const after: DiskSteps["after"] = async (stateDir) => {
  const files = { "a.conf": "new", "same.conf": "same", "sub/c.conf": "new" };
  await keepFolder(
    contextOf(stateDir),
    keeping(folderOf("etc", files), {
      place: { "a.conf": old, "sub/c.conf": null },
      remove: { "gone/d.conf": old },
    }),
  );
};
