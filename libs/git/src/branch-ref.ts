import { isBranchName } from "./branch-name.ts";
import { gitError } from "./git-error.ts";

/** The full ref of a branch. Throws K2006 when the name is not permitted. */
export function branchRef(name: string): string {
  if (!isBranchName(name)) {
    throw gitError("K2006", { message: `${JSON.stringify(name)} is not a permitted branch name` });
  }
  return `refs/heads/${name}`;
}
