import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type DesiredInstance, KeelsonError, stalled } from "@keelson/model";
import { findComposeBinary, wireDesired } from "@keelson/node";
import { readDesired, targetAt } from "@keelson/reconcile";

import type { NodeOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { count, printProblems } from "../print/problems.ts";
import { chooseNode } from "../reference.ts";
import { openRevision } from "../source.ts";

/** Lists the files that a node would get, and writes them where a folder is named. Secrets are placeholders. */
export async function render(
  options: Pick<NodeOptions, "repository" | "environment" | "node"> & { revision?: string; out?: string },
  output: Output,
): Promise<ExitCode> {
  const revision = await openRevision(options);
  const reference = await chooseNode(revision, options);
  const composeBinary = await findComposeBinary(process.env);
  const ports = wireDesired({ composeBinary, emit: () => {} });
  const walk = await readDesired(ports, { reference, target: targetAt(revision) });
  if (walk.desired === null) {
    printProblems(output, walk.problems);
    return exitCodes.failed;
  }
  const { desired, problems } = walk;
  const files = desired.instances.flatMap(listFiles);
  if (options.out !== undefined) await writeFiles(options.out, files);
  if (output.json) output.printJson({ ...desired, files: files.map(({ path }) => path), problems });
  else {
    for (const { path } of files) output.print(options.out === undefined ? path : join(options.out, path));
    output.print(`${count(files.length, "file")} for ${reference.environment}/${reference.node}`);
    if (problems.length > 0) printProblems(output, problems);
  }
  return problems.length > 0 ? exitCodes.failed : exitCodes.done;
}

interface OutFile {
  path: string;
  content: Uint8Array | string;
  mode: number;
}

function listFiles(instance: DesiredInstance): OutFile[] {
  const model = `${JSON.stringify(instance.compose, null, 2)}\n`;
  const rendered = instance.mounts.flatMap(({ files }) =>
    files.map(({ to, content, mode }) => [to, { content, mode }] as const),
  );
  return [
    { path: `${instance.name}/compose.json`, content: model, mode: 0o644 },
    ...[...new Map(rendered)].map(([to, file]) => ({
      path: `${instance.name}/${withinFolder(to)}`,
      ...file,
    })),
  ];
}

/** A local package may bind what lies outside of its folder: `../common/a` is written as `_/common/a`. */
function withinFolder(path: string): string {
  return path.replaceAll(/(?<=^|\/)\.\.(?=\/)/g, "_");
}

async function writeFiles(folder: string, files: readonly OutFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new KeelsonError({
      code: "K9011",
      message: `${folder} is not empty`,
      hint: "Name a new folder, so that nothing is overwritten and nothing old is left among the new.",
      outcome: stalled,
    });
  }
  for (const { path, content, mode } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    // The umask of whoever runs this is not the node's.
    await chmod(join(folder, path), mode);
  }
}
