import { gitEnvironment } from "./git-repository.ts";
import { outputOf } from "./program.ts";

/** Writes objects into a repository without a work tree, also such as no Git command makes of files. */
export interface GitObjects {
  blob(content: string | Uint8Array): Promise<string>;
  /** The blob of a file that may be too large for memory. */
  blobOf(path: string): Promise<string>;
  /** Entries by their names, each a blob, or a tree where it is said. */
  tree(entries: Readonly<Record<string, string | { readonly tree: string }>>): Promise<string>;
  commit(of: { readonly tree: string; readonly message: string; readonly parent?: string }): Promise<string>;
  /** Any other Git command; returns its output without the last line end. */
  git(...args: string[]): Promise<string>;
}

export function openGitObjects(gitDir: string): GitObjects {
  const run = async (args: readonly string[], input?: string | Uint8Array) => {
    const options = { env: gitEnvironment(), ...(input === undefined ? {} : { input }) };
    return (await outputOf(["git", "--git-dir", gitDir, ...args], options)).replace(/\n$/, "");
  };
  return {
    blob: (content) => run(["hash-object", "-w", "--stdin"], content),
    blobOf: (path) => run(["-c", "core.bigFileThreshold=1m", "hash-object", "-w", path]),
    tree: (entries) => {
      const lines = Object.entries(entries).map(([name, of]) =>
        typeof of === "string" ? `100644 blob ${of}\t${name}\0` : `040000 tree ${of.tree}\t${name}\0`,
      );
      return run(["mktree", "-z"], lines.join(""));
    },
    commit: ({ tree, message, parent }) =>
      run(["commit-tree", tree, ...(parent === undefined ? [] : ["-p", parent]), "-F", "-"], message),
    git: (...args) => run(args),
  };
}
