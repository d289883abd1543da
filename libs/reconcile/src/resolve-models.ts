import {
  type ComposeInput,
  type ComposeModel,
  type ComposeResolution,
  type Problem,
  type RenderedNode,
  digestBytes,
  digestValue,
  gateGeneration,
  sortProblems,
} from "@keelson/model";

import type { ReadPorts } from "./ports.ts";

type ResolvePorts = Pick<ReadPorts, "resolveCompose" | "record">;

/** The Compose model of each instance. Compose resolves the same input only once: the record keeps its answer. */
export async function resolveModels(
  rendered: RenderedNode,
  ports: ResolvePorts,
): Promise<{ models: Map<string, ComposeModel>; problems: Problem[] }> {
  const results = await Promise.all(
    rendered.instances.map(async ({ name, compose }) => ({ name, ...(await resolveOnce(compose, ports)) })),
  );
  return {
    models: new Map(results.flatMap(({ name, model }) => (model === null ? [] : [[name, model] as const]))),
    problems: sortProblems(results.flatMap(({ problems }) => problems)),
  };
}

async function resolveOnce(input: ComposeInput, ports: ResolvePorts): Promise<ComposeResolution> {
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
    gateGeneration,
    packageFiles: input.packageFiles.map(({ path, bytes }) => [path, digestBytes(bytes)]),
    override: input.override === null ? null : digestBytes(input.override.bytes),
    renderedFiles: [...input.renderedFiles].map(([to, content]) => [to, digestBytes(content)]),
  });
}
