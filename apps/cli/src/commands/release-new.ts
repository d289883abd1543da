import { beginRelease } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { readReleaseReference } from "../release-reference.ts";

/** Begins a release. Nothing that is there is changed, and nothing is committed. */
export async function releaseNew(
  { repository, from = null }: RepositoryOptions & { from?: string | null },
  { release, output }: { release: string; output: Output },
): Promise<ExitCode> {
  const name = readReleaseReference(release, null);
  const begun = await beginRelease(repository, {
    ...name,
    from: from === null ? null : readReleaseReference(from, name).version,
  });
  if (output.json) {
    output.printJson(begun);
    return exitCodes.done;
  }
  const { folder, version } = begun;
  output.print(
    begun.from === null
      ? `${folder}: a small release that runs`
      : `${folder}: a copy of ${begun.from}, with its version ${version}`,
  );
  output.print("Change it, and then:");
  const full = `${name.name}@${version}`;
  output.print(`  keelson release check ${full}`);
  if (begun.from !== null) output.print(`  keelson release diff ${name.name}@${begun.from} ${version}`);
  output.print(`  keelson release lock ${full}     where registries have its images`);
  output.print(`  keelson release publish ${full}  after that it never changes`);
  return exitCodes.done;
}
