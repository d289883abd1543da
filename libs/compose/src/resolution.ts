import {
  type ComposeInput,
  type ComposeResolution,
  isJsonObject,
  type Json,
  type JsonObject,
  type Problem,
  secretPlaceholderPattern,
  sortProblems,
  closedComposeEnvironment,
  type KeelsonError,
} from "@keelson/model";

import { problemAtBest, readRejection, readUnsetVariables } from "./compose-message.ts";
import { type ComposeOutput, endedOddly, runCompose } from "./compose-process.ts";
import { findModelExcess } from "./excess.ts";
import { judgeCompose } from "./gate.ts";
import { findText, relativePaths } from "./model-paths.ts";
import { isComposeModel, normalModel } from "./normal-model.ts";
import type { Participant } from "./participants.ts";
import { findFaults, referenceOf } from "./ungranted.ts";
import { type Workspace, withWorkspace } from "./workspace.ts";

const defaultTimeoutMs = 30_000;

export interface ResolveOptions {
  composeBinary: string;
  /** Where Compose's input lies while it reads it; default among the temporary files. */
  folder?: string;
  /** Until Compose is killed; default 30 seconds. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * The model that Compose makes of an instance's files, or the problems for which there is none. The gate comes first, and
 * what it refuses never reaches Compose. Compose's result passes the same rules again, since merging and interpolation can
 * put together what no single file contains.
 *
 * The model is in the form that Compose reads: a dollar sign is `$$`, so that `JSON.stringify(model)` is a Compose file
 * that resolves to the same model. Paths are relative to the Compose file's folder.
 *
 * Throws K1421 (Compose cannot be started), K1422 (it took longer than `timeoutMs`), K1425 (it ended without an answer),
 * K1426 (no temporary folder), and the signal's reason on an abort.
 */
export async function resolveCompose(
  input: ComposeInput,
  options: ResolveOptions,
): Promise<ComposeResolution> {
  const participants = judgeCompose(input);
  if (participants.problems.length > 0) return { model: null, problems: participants.problems };
  const { variables } = input;
  return withWorkspace({ participants, variables, folder: options.folder }, async (workspace) => {
    const output = await runConfig(input.project, { workspace, options });
    const said = { stderr: output.stderr, workspace, participants };
    if (output.exitCode !== 0) return { model: null, problems: [readRejection(said)] };
    const model = relativePaths(parseModel(output.stdout), workspace);
    const problems = [
      ...readUnsetVariables(said),
      ...judgeModel(model, { input, files: participants.composeFiles }),
      ...findOwnPaths(model, { root: workspace.root, files: participants.composeFiles }),
    ];
    if (problems.length > 0) return { model: null, problems: sortProblems(problems) };
    const normal: unknown = normalModel(model);
    if (!isComposeModel(normal)) throw notModel();
    return { model: normal, problems: [] };
  });
}

function runConfig(
  project: string,
  { workspace, options }: { workspace: Workspace; options: ResolveOptions },
): Promise<ComposeOutput> {
  return runCompose({
    binary: options.composeBinary,
    arguments: [
      `--project-name=${project}`,
      `--env-file=${workspace.variablesFile}`,
      ...workspace.composeFiles.map((file) => `--file=${file}`),
      "config",
      "--format=json",
    ],
    environment: closedComposeEnvironment(workspace.home),
    folder: workspace.home,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

function parseModel(stdout: string): JsonObject {
  let model: unknown;
  try {
    model = JSON.parse(stdout);
  } catch (error) {
    throw notModel(error);
  }
  if (!isJsonObject(model)) throw notModel();
  return model;
}

function notModel(cause?: unknown): KeelsonError {
  return endedOddly("Compose printed something other than a model", cause);
}

function judgeModel(
  model: JsonObject,
  { input, files }: { input: ComposeInput; files: readonly Participant[] },
): Problem[] {
  const context = {
    project: input.project,
    stage: "model",
    folder: "",
    boundPaths: input.boundPaths,
    variables: {},
  } as const;
  const findings = [
    ...findModelExcess(model),
    ...findFaults(model, { context, allow: input.allow, reference: referenceOf(input) }),
    ...[...placeholdersOf(model)].map(({ name, path }) => ({
      code: "K1423",
      path,
      message: `the secret ${name} would stand in the Compose model, where everyone on the node can read it`,
      hint: "Give it to the service as a rendered file.",
    })),
  ];
  return findings.map((finding) => problemAtBest(files, { file: null, finding }));
}

/** K1445 where Compose names the folder that it was given: that path exists in no container, and is another one each time. */
function findOwnPaths(
  model: JsonObject,
  { root, files }: { root: string; files: readonly Participant[] },
): Problem[] {
  // Compose writes every dollar sign twice.
  const names = new Set([root, root.replaceAll("$", "$$$$")]);
  const places = [...names].flatMap((name) => [...findText(name, { value: model })]);
  return places.map((path) => {
    const message = `Compose put a path of its temporary folder at ${path.join(".")}, where Keelson expects none`;
    const hint =
      "Leave the key out, or use a version of Compose that Keelson was tried with; keelson doctor names them.";
    return problemAtBest(files, { file: null, finding: { code: "K1445", path, message, hint } });
  });
}

function* placeholdersOf(
  value: Json,
  path: readonly string[] = [],
): Generator<{ name: string; path: readonly string[] }> {
  if (typeof value === "string") {
    for (const [, name] of value.matchAll(secretPlaceholderPattern)) if (name) yield { name, path };
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    yield* placeholdersOf(key, [...path, key]);
    yield* placeholdersOf(item, [...path, key]);
  }
}
