import { narDigest } from "@keelson/nar";
import { walkFolder } from "@keelson/store/folder";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { whileReading } from "../release-tree.ts";

/** Prints the digest of a folder as it lies on the disk. It loads no library: the digest is soon there. */
export async function releaseDigest(folder: string, output: Output): Promise<ExitCode> {
  const digest = await whileReading(async () => narDigest(walkFolder(folder)));
  if (output.json) output.printJson({ digest });
  else output.print(digest);
  return exitCodes.done;
}
