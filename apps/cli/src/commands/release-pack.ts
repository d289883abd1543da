import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";

import { KeelsonError, problemOf, stalled } from "@keelson/model";
import { digestOf, dumpNar, findTreeFaults } from "@keelson/nar";
import { readReleaseName } from "@keelson/node";
import { walkFolder, writeArchive } from "@keelson/store/folder";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems } from "../print/problems.ts";
import { whileReading } from "../release-tree.ts";

/** Writes the archive of a release, unless its folder has what would not be the same everywhere, and prints its digest. */
export async function releasePack(
  options: { output?: string },
  { folder, output }: { folder: string; output: Output },
): Promise<ExitCode> {
  return await whileReading(async () => {
    const faults = await findTreeFaults(walkFolder(folder));
    if (faults.length > 0) {
      const problems = faults.map(({ path, message }) =>
        problemOf(join(folder, path), { code: "K9082", message }),
      );
      printProblems(output, problems);
      return exitCodes.failed;
    }
    const { name, version } = await readReleaseName(walkFolder(folder), folder);
    const file = options.output ?? `${name}-${version}.nar`;
    requireOutside(folder, file);
    const digest = await digestOf(writeArchive(file, dumpNar(walkFolder(folder))));
    if (output.json) output.printJson({ digest, file: resolve(file), name, version });
    else {
      output.print(digest);
      output.printError(`wrote ${file}`);
    }
    return exitCodes.done;
  });
}

/** An archive inside the folder would be packed into itself. */
function requireOutside(folder: string, file: string): void {
  const parent = dirname(resolve(file));
  // What is wrong with the place itself is said where the archive is written.
  if (!existsSync(parent)) return;
  const place = join(realpathSync(parent), basename(file));
  if (!place.startsWith(`${realpathSync(folder)}${sep}`)) return;
  throw new KeelsonError({
    code: "K9082",
    message: `${file} would lie in the folder of which it is the archive`,
    hint: "Name a file elsewhere with --output.",
    outcome: stalled,
  });
}
