import { type NewWorkTree, makeWorkTree, readOuterAttributes, readWorkTree } from "@keelson/git";
import { findAttributeFaults, scaffoldState } from "@keelson/manifest";
import { KeelsonError, type Problem, namePattern, quote, stalled, suggestName } from "@keelson/model";

export interface NewState extends NewWorkTree {
  /** The attributes that were there already and do not keep the bytes of releases (K1447). */
  warnings: Problem[];
}

/**
 * Makes a folder a state repository with one small release, one environment and one node. Nothing that is there is changed.
 * Throws K1007 for what is no name, and what the room `git` throws.
 */
export async function initState(
  repository: string,
  first: { environment: string; node: string },
): Promise<NewState> {
  requireName("an environment", first.environment);
  requireName("a node", first.node);
  const made = await makeWorkTree(repository, scaffoldState(first));
  const { readFiles } = await readWorkTree(repository);
  const warnings = findAttributeFaults(await readFiles(["releases/"]), await readOuterAttributes(repository));
  return { ...made, warnings };
}

/** Throws K1007. */
export function requireName(kind: string, name: string): void {
  if (namePattern.test(name)) return;
  throw new KeelsonError({
    code: "K1007",
    message: `${quote(name)} is not a valid name for ${kind}`,
    hint: suggestName(name) ?? "use a-z, 0-9 and -",
    outcome: stalled,
  });
}
