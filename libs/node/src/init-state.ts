import { type NewWorkTree, makeWorkTree } from "@keelson/git";
import { scaffoldState } from "@keelson/manifest";
import { KeelsonError, namePattern, quote, stalled, suggestName } from "@keelson/model";

/**
 * Makes a folder a state repository with one small release, one environment and one node. Nothing that is there is changed.
 * Throws K1007 for what is no name, and what `makeWorkTree` throws.
 */
export async function initState(
  repository: string,
  first: { environment: string; node: string },
): Promise<NewWorkTree> {
  requireName("an environment", first.environment);
  requireName("a node", first.node);
  return await makeWorkTree(repository, scaffoldState(first));
}

function requireName(kind: string, name: string): void {
  if (namePattern.test(name)) return;
  throw new KeelsonError({
    code: "K1007",
    message: `${quote(name)} is not a valid name for ${kind}`,
    hint: suggestName(name) ?? "use a-z, 0-9 and -",
    outcome: stalled,
  });
}
