import { commitFiles, readWorkTree, writeWorkTreeFile } from "@keelson/git";
import { raiseRenewal, readRepository } from "@keelson/manifest";
import { KeelsonError, type Problem, hintFor, quote, stalled } from "@keelson/model";

import { requireUnchanged } from "./unchanged-file.ts";

export interface RenewalRequest {
  environment: string;
  node: string;
  instance: string;
  /** Commit the node's file, and nothing else. */
  commit: boolean;
}

export interface RenewedInstance {
  /** The node's file, in the repository. */
  file: string;
  /** What `commands.<instance>.renew` is now. */
  renew: number;
  /** The commit; null when none was made. */
  commit: string | null;
}

/**
 * Raises `commands.<instance>.renew` in a node's file of a work tree. Throws K1110, K1111 and K1115 for what is not there,
 * K1008 for a link, the code of the file's first problem, K1439 for a counter at its end, K2011 when what would be committed has other changes, and what Git throws.
 */
export async function renewInstance(repository: string, request: RenewalRequest): Promise<RenewedInstance> {
  const { environment, node, instance, commit } = request;
  const files = await (await readWorkTree(repository)).readFiles(["environments/"]);
  const folder = readRepository(files).repository.environments.get(environment);
  if (folder === undefined)
    throw notThere("K1110", `there is no environment ${quote(environment)} that can be read`);
  const path = `${folder.folder}/nodes/${node}.yaml`;
  const file = files.get(path);
  if (file === undefined) {
    throw notThere("K1111", `environment ${environment} has no node ${quote(node)}`, {
      name: node,
      known: [...folder.nodes.keys()],
    });
  }
  const known = Object.keys(folder.environment.value.instances);
  if (!known.includes(instance)) {
    throw notThere("K1115", `environment ${environment} has no instance ${quote(instance)}`, {
      name: instance,
      known,
    });
  }
  if (file.mode === "120000") {
    throw new KeelsonError({
      code: "K1008",
      message: `${path} is a symbolic link, which renew does not write through`,
      hint: `Raise commands.${instance}.renew in the file that it leads to.`,
      outcome: stalled,
    });
  }
  const { renewal, problems } = raiseRenewal(file, instance);
  if (renewal === null) throw unreadable(path, problems);
  if (commit) await requireUnchanged(repository, path);
  await writeWorkTreeFile(repository, { path, text: renewal.text });
  const message = `renew(${environment}/${node}): let ${instance} begin with empty volumes`;
  return {
    file: path,
    renew: renewal.count,
    commit: commit ? await commitFiles(repository, { paths: [path], message }) : null,
  };
}

function notThere(
  code: string,
  message: string,
  choice: { name: string; known: readonly string[] } = { name: "", known: [] },
): KeelsonError {
  const hint = hintFor(choice.name, { known: choice.known, as: "those that are there" });
  return new KeelsonError({
    code,
    message,
    hint: hint ?? "See what is wrong with the repository: keelson check",
    outcome: stalled,
  });
}

function unreadable(path: string, [first]: readonly Problem[]): KeelsonError {
  return new KeelsonError({
    code: first?.code ?? "K1001",
    message: `${path} cannot be changed: ${first?.message ?? "it cannot be read"}`,
    hint: first?.hint ?? "See all that is wrong with it: keelson check",
    outcome: stalled,
  });
}
