import { KeelsonError, codeOf, formatError, quote, redact, stalled } from "@keelson/model";
import { stageOnNode } from "@keelson/node";
import type { StagedImage, StagedOnce } from "@keelson/reconcile";

import { findAgentConfig, readNodeSettings } from "../node-place.ts";
import { standardConfigPath } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems } from "../print/problems.ts";
import { showProgress } from "../print/progress.ts";

/** Stages a release of the node's branch, and the images that its instances here would use. */
export async function stage(
  options: { config: string },
  { asked, output, signal }: { asked: string; output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const { name, version } = readAsked(asked);
  const config = findAgentConfig(options.config);
  if (config === null) throw noConfig();
  const { environment, node } = config;
  const settings = await readNodeSettings({ ...options, repository: "" }, { environment, node });
  const progress = showProgress(output);
  let staged: StagedOnce;
  try {
    staged = await stageOnNode(settings, { config, name, version, emit: progress.emit, signal });
  } finally {
    progress.end();
  }
  if (output.json) output.printJson({ ...staged, images: staged.images?.map(jsonOf) ?? null });
  else printStaged(output, staged);
  return isWhole(staged) ? exitCodes.done : exitCodes.failed;
}

/** Throws K9010 for what names no release. */
export function readAsked(text: string): { name: string; version: string | null } {
  const [, name, version = null] = /^([a-z0-9][a-z0-9-]*)(?:@(.+))?$/.exec(text) ?? [];
  if (name !== undefined) return { name, version };
  throw new KeelsonError({
    code: "K9010",
    message: `${quote(text)} names no release`,
    hint: "Write NAME or NAME@VERSION, such as shop@1.2.0.",
    outcome: stalled,
  });
}

function isWhole({ images, problems }: StagedOnce): boolean {
  return problems.length === 0 && images?.every(({ result }) => result !== "failed") === true;
}

function jsonOf({ image, result, error }: StagedImage) {
  const code = error === null ? null : codeOf(error);
  const message = error instanceof Error ? redact(error.message) : null;
  return { image, result, code, message };
}

const words = { staged: "staged", kept: "there already, and as it should be", mended: "mended" };

function printStaged(output: Output, staged: StagedOnce): void {
  const { release, files, images, problems } = staged;
  if (problems.length > 0) printProblems(output, problems);
  for (const { error } of images ?? []) if (error !== null) output.printError(formatError(error));
  output.print(
    `${release.name} ${release.version}: its files are ${words[files]}  ${output.style("dim", release.digest)}`,
  );
  for (const { image, result } of images ?? []) output.print(`  ${image}  ${result}`);
  if (images === null) output.print("Its images could not be told: the revision could not be read.");
  else if (images.length === 0) output.print("No instance of it on this node uses an image.");
}

function noConfig(): KeelsonError {
  return new KeelsonError({
    code: "K9010",
    message: `there is no ${standardConfigPath}, which says what this node follows`,
    hint: "Name the node's agent.yaml with --config FILE.",
    outcome: stalled,
  });
}
