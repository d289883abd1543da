import { renewInstance } from "@keelson/node";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { chooseNode } from "../reference.ts";
import { openRevision } from "../source.ts";

export interface RenewOptions extends RepositoryOptions {
  environment?: string;
  node?: string;
  commit?: boolean;
}

/** Raises the counter in the node's file by which an instance may begin with empty volumes. No node is asked. */
export async function renew(
  options: RenewOptions,
  { instance, output }: { instance: string; output: Output },
): Promise<ExitCode> {
  const { repository, commit = false } = options;
  const reference = await chooseNode(await openRevision({ repository }), options);
  const renewed = await renewInstance(repository, { ...reference, instance, commit });
  if (output.json) {
    output.printJson({ ...reference, instance, ...renewed });
    return exitCodes.done;
  }
  output.print(`${renewed.file}: commands.${instance}.renew is ${renewed.renew}`);
  output.print(
    renewed.commit === null
      ? "Commit and push it; the node then makes what it lacks, empty."
      : `Committed as ${renewed.commit.slice(0, 8)}. Push it; the node then makes what it lacks, empty.`,
  );
  return exitCodes.done;
}
