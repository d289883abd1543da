import { addWorkTreeFile, makeWorkTree } from "@keelson/git";
import { scaffoldState } from "@keelson/manifest";
import { KeelsonError, namePattern, quote, stalled, suggestName } from "@keelson/model";

export interface NewState {
  /** Whether the folder was made a Git repository. */
  madeRepository: boolean;
  /** Paths in the folder. */
  written: string[];
  /** What was there already and was left alone. */
  left: string[];
}

/**
 * Makes a folder a state repository with one small release, one environment and one node. Nothing that is there is changed.
 * Throws K1007 for what is no name, K2012 when the folder cannot be written, and what Git throws.
 */
export async function initState(
  repository: string,
  first: { environment: string; node: string },
): Promise<NewState> {
  requireName("an environment", first.environment);
  requireName("a node", first.node);
  const state: NewState = { madeRepository: await makeWorkTree(repository), written: [], left: [] };
  for (const [path, text] of scaffoldState(first)) {
    const isNew = await addWorkTreeFile(repository, { path, text });
    (isNew ? state.written : state.left).push(path);
  }
  return state;
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
