import {
  type ComposeInput,
  type ComposeResolution,
  isJsonObject,
  type Json,
  type JsonObject,
  type Problem,
  sortProblems,
  closedComposeEnvironment,
  KeelsonError,
} from "@keelson/model";

import { withVariableContent } from "./additions.ts";
import { problemAtBest, readRejection, readUnsetVariables } from "./compose-message.ts";
import { type ComposeOutput, endedOddly, runCompose } from "./compose-process.ts";
import { findModelExcess } from "./excess.ts";
import { contextOf, judgeCompose } from "./gate.ts";
import { findText, relativePaths } from "./model-paths.ts";
import { isComposeModel, normalModel } from "./normal-model.ts";
import type { Participants, Participant } from "./participant.ts";
import { findSecretFaults } from "./secret-place.ts";
import { findFaults } from "./ungranted.ts";
import { referenceOf } from "./package-reference.ts";
import { findWarnings } from "./warning.ts";
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
 * Where Compose starts and gives no answer about these files, that is a transient problem of theirs: K1422 (it took longer than
 * `timeoutMs`) and K1425 (it ended without one). Throws K1421 (Compose cannot be started), K1426 (no temporary folder), and the
 * signal's reason on an abort.
 */
export async function resolveCompose(
  input: ComposeInput,
  options: ResolveOptions,
): Promise<ComposeResolution> {
  const { participants, problems: refused } = judgeCompose(input);
  const warnings = findWarnings(participants, input);
  const refuse = (problems: Problem[]) => ({ model: null, problems, warnings });
  if (refused.length > 0) return refuse(refused);
  const answer = withWorkspace({ participants, input, folder: options.folder }, async (workspace) => {
    const hasServices = participants.composeFiles.some(({ document }) =>
      declaresServices(document.root.value),
    );
    const output = await runConfig(input, { workspace, options, hasServices });
    const said = { stderr: output.stderr, workspace, participants };
    if (output.exitCode !== 0) return refuse([readRejection(said)]);
    const model = withVariableContent(relativePaths(parseModel(output.stdout), workspace));
    const problems = [
      ...readUnsetVariables(said, input.reach),
      ...judgeModel(model, { input, participants }),
      ...findOwnPaths(model, { root: workspace.root, files: participants.composeFiles }),
    ];
    if (problems.length > 0) return refuse(sortProblems(problems));
    const normal: unknown = normalModel(model);
    if (!isComposeModel(normal)) throw notModel();
    return { model: normal, problems: [], warnings };
  });
  return answer.catch((error: unknown) => refuse([unansweredAt(participants, error)]));
}

/** Compose gave no answer about these files, and may give one the next time. What concerns more than them is thrown. */
function unansweredAt({ composeFiles }: Participants, error: unknown): Problem {
  if (!(error instanceof KeelsonError) || !unanswered.has(error.code)) throw error;
  const { code, message, hint = "" } = error;
  const problem = problemAtBest(composeFiles, { file: null, finding: { code, path: [], message, hint } });
  return { ...problem, outcome: "transient" };
}

const unanswered = new Set(["K1422", "K1425"]);

function runConfig(
  { project, profiles }: ComposeInput,
  {
    workspace,
    options,
    hasServices,
  }: { workspace: Workspace; options: ResolveOptions; hasServices: boolean },
): Promise<ComposeOutput> {
  return runCompose({
    binary: options.composeBinary,
    arguments: [
      `--project-name=${project}`,
      ...workspace.variableFiles.map((file) => `--env-file=${file}`),
      ...profiles.map((profile) => `--profile=${profile}`),
      ...workspace.composeFiles.map((file) => `--file=${file}`),
      // Compose leaves out the networks that no service is in: a package can be nothing else.
      ...(hasServices ? [] : ["--all-resources"]),
      "config",
      "--format=json",
    ],
    environment: closedComposeEnvironment(workspace.home),
    // An include in an included file is read relative to the folder that Compose runs in.
    folder: workspace.project,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

function declaresServices(root: Json): boolean {
  const services = isJsonObject(root) ? root["services"] : null;
  return isJsonObject(services) && Object.keys(services).length > 0;
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
  { input, participants }: { input: ComposeInput; participants: Participants },
): Problem[] {
  const { composeFiles: files, projectFolder: folder } = participants;
  const context = { ...contextOf(participants, input), stage: "model", folder, variables: {} } as const;
  const findings = [
    ...findModelExcess(model),
    ...findFaults(model, { context, allow: input.allow, reference: referenceOf(input) }),
    ...findSecretFaults(model),
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
