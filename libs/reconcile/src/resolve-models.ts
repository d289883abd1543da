import { availableParallelism } from "node:os";

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

import type { RenderResult } from "@keelson/render";

import { newLimit } from "./parallel-limit.ts";
import type { ReadPorts } from "./ports.ts";

type ResolvePorts = Pick<ReadPorts, "gateCompose" | "resolveCompose" | "record">;

export interface Resolvable extends Pick<RenderResult, "unrendered"> {
  rendered: RenderedNode;
}

interface Named {
  name: string;
  compose: ComposeInput;
}

/**
 * The Compose model of each instance, and the problems and warnings that are found on the way. Compose resolves the same input only
 * once: the record keeps its answer. Instances that could not be rendered, and those of which Compose cannot read every file, are
 * only judged by the gate. `error` is what concerns more than one instance, such as that Compose cannot be started; null when there is none.
 */
export async function resolveModels(
  { rendered, unrendered }: Resolvable,
  ports: ResolvePorts,
): Promise<{
  models: Map<string, ComposeModel>;
  problems: Problem[];
  warnings: Problem[];
  error: unknown;
}> {
  const unreadable = rendered.instances.filter(isUnreadable);
  // Each is a process that keeps one core at work.
  const limit = newLimit(availableParallelism());
  const resolved = await Promise.allSettled(
    rendered.instances
      .filter((instance) => !isUnreadable(instance))
      .map(async ({ name, compose }) => ({
        name,
        ...(await limit(async () => resolveOnce(compose, ports))),
      })),
  );
  const results = resolved.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const judged = [...unrendered, ...unreadable].map(({ name, compose }: Named) => ({
    name,
    problems: ports.gateCompose(compose),
  }));
  const found = [...judged, ...results].flatMap(({ name, problems }) =>
    problems.map((problem) => ({ ...problem, instances: [name] })),
  );
  return {
    models: new Map(results.flatMap(({ name, model }) => (model === null ? [] : [[name, model] as const]))),
    problems: sortProblems(found),
    warnings: results.flatMap((each) => each.warnings),
    error: resolved.find((each) => each.status === "rejected")?.reason ?? null,
  };
}

function isUnreadable({ compose }: Named): boolean {
  return compose.packageFiles.some(({ refused }) => refused);
}

async function resolveOnce(input: ComposeInput, ports: ResolvePorts): Promise<ComposeResolution> {
  const inputsDigest = digestInput(input);
  const known = ports.record.readComposeModel(inputsDigest);
  if (known !== null) return { model: known, problems: [], warnings: [] };
  const resolution = await ports.resolveCompose(input);
  if (resolution.model !== null) ports.record.saveComposeModel(inputsDigest, resolution.model);
  return resolution;
}

function digestInput({ profilePlaces: _ofProblems, ...input }: ComposeInput): string {
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
