import { type Problem, type RenderedInstance, secretsIn } from "@keelson/model";

import type { RenderResult } from "./render-files.ts";

/**
 * The problems of a file of secrets as a whole, with the instances that they concern: those that use a secret, and those of which
 * nobody can tell. Where no instance does, the whole commit.
 */
export function withSecretUsers(
  problems: readonly Problem[],
  { rendered, unrendered }: Pick<RenderResult, "rendered" | "unrendered">,
): Problem[] {
  const instances = [
    ...unrendered.map(({ name }) => name),
    ...(rendered?.instances ?? []).filter(mayUseSecrets).map(({ name }) => name),
  ].sort();
  return instances.length === 0 ? [...problems] : problems.map((problem) => ({ ...problem, instances }));
}

function mayUseSecrets({ isWhole, files, compose }: RenderedInstance): boolean {
  return (
    !isWhole ||
    files.some(({ secrets }) => secrets.length > 0) ||
    Object.values(compose.variables).some((value) => secretsIn(value).length > 0)
  );
}
