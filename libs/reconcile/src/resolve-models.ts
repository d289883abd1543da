import { availableParallelism } from "node:os";

import {
  type ComposeInput,
  type ComposeModel,
  type ComposeResolution,
  type Problem,
  type RenderedInstance,
  type RenderedNode,
  digestBytes,
  digestValue,
  gateGeneration,
  sortProblems,
} from "@keelson/model";

import type { RenderResult } from "@keelson/render";

import { newLimit } from "./parallel-limit.ts";
import type { ReadPorts } from "./ports.ts";

type ResolvePorts = Pick<ReadPorts, "gateCompose" | "resolveCompose" | "record">;

export interface Resolvable extends Pick<RenderResult, "unrendered" | "problems"> {
  rendered: RenderedNode;
}

/**
 * The Compose model of each instance, and the problems so far with those that are found on the way, and warnings. Compose resolves the
 * same input only once: the record keeps its answer. Instances that could not be rendered are only judged by the gate, and
 * those of which Compose cannot read every file have no model: that is a problem of the documents. An error of Compose is
 * thrown only where there is no problem: with one there is no desired state, and the error must not hide it.
 */
export async function resolveModels(
  { rendered, unrendered, problems }: Resolvable,
  ports: ResolvePorts,
): Promise<{ models: Map<string, ComposeModel>; problems: Problem[]; warnings: Problem[] }> {
  // Each is a process that keeps one core at work.
  const limit = newLimit(availableParallelism());
  const resolved = await Promise.allSettled(
    rendered.instances.filter(isReadable).map(async ({ name, compose }) => ({
      name,
      ...(await limit(async () => resolveOnce(compose, ports))),
    })),
  );
  const results = resolved.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const found = [
    ...unrendered.flatMap((input) => ports.gateCompose(input)),
    ...results.flatMap((each) => each.problems),
  ];
  const failed = resolved.find((each) => each.status === "rejected");
  if (failed !== undefined && problems.length + found.length === 0) throw failed.reason;
  return {
    models: new Map(results.flatMap(({ name, model }) => (model === null ? [] : [[name, model] as const]))),
    problems: [...problems, ...sortProblems(found)],
    warnings: results.flatMap((each) => each.warnings),
  };
}

function isReadable({ compose }: RenderedInstance): boolean {
  return !compose.packageFiles.some(({ refused }) => refused);
}

async function resolveOnce(input: ComposeInput, ports: ResolvePorts): Promise<ComposeResolution> {
  const inputsDigest = digestInput(input);
  const known = ports.record.readComposeModel(inputsDigest);
  if (known !== null) return { model: known, problems: [], warnings: [] };
  const resolution = await ports.resolveCompose(input);
  if (resolution.model !== null) ports.record.saveComposeModel(inputsDigest, resolution.model);
  return resolution;
}

function digestInput(input: ComposeInput): string {
  return digestValue({
    ...input,
    gateGeneration,
    packageFiles: input.packageFiles.map(({ path, bytes }) => [path, digestBytes(bytes)]),
    dotenv: input.dotenv === null ? null : digestBytes(input.dotenv.bytes),
    images: input.images.map(({ service, image }) => [service, image]),
    override: input.override === null ? null : digestBytes(input.override.bytes),
    renderedFiles: [...input.renderedFiles].map(([to, content]) => [to, digestBytes(content)]),
  });
}
