import { findLockedFolders, readRepository } from "@keelson/manifest";
import {
  type ComposeInput,
  type ComposeModel,
  type DesiredNode,
  type Problem,
  type RenderedNode,
  type Repository,
  type Revision,
  digestBytes,
  digestValue,
  sortProblems,
} from "@keelson/model";
import { type NodeReference, type RenderResult, buildDesired, renderFiles } from "@keelson/render";

import type { ReadPorts } from "./ports.ts";
import type { StepTimer } from "./step.ts";

export interface DesiredResult {
  repository: Repository;
  rendered: RenderResult | null;
  /** Null when there is any problem. */
  desired: DesiredNode | null;
  problems: Problem[];
}

/** The part of the path that needs no engine: from a revision to what one node is to have. */
export async function readDesired(
  revision: Revision,
  on: {
    reference: NodeReference;
    ports: Pick<ReadPorts, "resolveCompose" | "record" | "secrets">;
    step: StepTimer;
  },
): Promise<DesiredResult> {
  const { reference, ports, step } = on;
  const read = await step("read", async () => readRevision(revision, reference));
  if (read.problems.length > 0) return { ...read, rendered: null, desired: null };
  const rendered = await step("render", async () => renderFiles(read.repository, reference));
  if (rendered.rendered === null)
    return { ...read, rendered, desired: null, problems: sortProblems(rendered.problems) };
  const node = rendered.rendered;
  const resolved = await step("resolve", async () => resolveModels(node, ports));
  if (resolved.problems.length > 0) return { ...read, rendered, desired: null, problems: resolved.problems };
  const built = await step("build", async () =>
    buildDesired(node, { models: resolved.models, secrets: ports.secrets }),
  );
  return { ...read, rendered, desired: built.desired, problems: sortProblems(built.problems) };
}

/** Only the environments and the releases that the lock names are read; a problem elsewhere is not this node's. */
async function readRevision(
  revision: Revision,
  reference: NodeReference,
): Promise<{ repository: Repository; problems: Problem[] }> {
  const environmentFiles = await revision.readFiles(["environments/"]);
  const releaseFiles = await revision.readFiles(findLockedFolders(environmentFiles, reference.environment));
  const { repository, problems } = readRepository(new Map([...environmentFiles, ...releaseFiles]));
  const folders = repository.environments
    .get(reference.environment)
    ?.layers.map(({ file }) => folderOf(file));
  const mine = ["releases/", `environments/${reference.environment}/`, ...(folders ?? ["environments/"])];
  return {
    repository,
    problems: sortProblems(problems.filter(({ file }) => mine.some((prefix) => file.startsWith(prefix)))),
  };
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/") + 1);
}

async function resolveModels(
  rendered: RenderedNode,
  ports: Pick<ReadPorts, "resolveCompose" | "record">,
): Promise<{ models: Map<string, ComposeModel>; problems: Problem[] }> {
  const results = await Promise.all(
    rendered.instances.map(async ({ name, compose }) => ({ name, ...(await resolveOnce(compose, ports)) })),
  );
  return {
    models: new Map(results.flatMap(({ name, model }) => (model === null ? [] : [[name, model] as const]))),
    problems: sortProblems(results.flatMap(({ problems }) => problems)),
  };
}

/** Compose is asked once for the same input; the record remembers what it said. */
async function resolveOnce(input: ComposeInput, ports: Pick<ReadPorts, "resolveCompose" | "record">) {
  const inputsDigest = digestInput(input);
  const known = ports.record.readComposeModel(inputsDigest);
  if (known !== null) return { model: known, problems: [] };
  const resolution = await ports.resolveCompose(input);
  if (resolution.model !== null) ports.record.saveComposeModel(inputsDigest, resolution.model);
  return resolution;
}

function digestInput(input: ComposeInput): string {
  return digestValue({
    ...input,
    packageFiles: input.packageFiles.map(({ path, bytes }) => [path, digestBytes(bytes)]),
    override: input.override === null ? null : digestBytes(input.override.bytes),
    renderedFiles: [...input.renderedFiles].map(([to, content]) => [to, digestBytes(content)]),
  });
}
