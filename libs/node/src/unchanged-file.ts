import { listDirtyPaths } from "@keelson/git";
import { KeelsonError, stalled } from "@keelson/model";

/** K2011: somebody's half-done work must not get into a commit that says something else. */
export async function requireUnchanged(repository: string, path: string): Promise<void> {
  if (!(await listDirtyPaths(repository)).includes(path)) return;
  throw new KeelsonError({
    code: "K2011",
    message: `${path} has other changes that are in no commit`,
    hint: "Commit them first, or leave out --commit and commit all of it yourself.",
    outcome: stalled,
  });
}
