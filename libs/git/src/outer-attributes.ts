import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { AttributeFile, OuterAttributes, SourceFile } from "@keelson/model";

import { startDeadline } from "./deadline.ts";
import { FileSet } from "./file-set.ts";
import { openFolder, unreadable } from "./folder-reader.ts";
import { isAbsence, isSystemError } from "./git-error.ts";
import { noRepository } from "./read-commit.ts";
import { runGit } from "./system-git.ts";
import { parseTree } from "./system-reader.ts";
import { isKnownToGit } from "./work-tree.ts";

const name = ".gitattributes";

/**
 * Returns the files of attributes that count for a state repository and lie outside of its folders: its own first one,
 * those above it where it is a folder of a larger repository, and for a work tree the clone's own. With `revision` they are
 * those of a commit. Throws K2004, K2005, K2010 and K2012.
 */
export async function readOuterAttributes(
  repository: string,
  { revision }: { revision?: string } = {},
): Promise<OuterAttributes> {
  const root = resolve(repository);
  if (revision !== undefined) return { above: await readCommitted(root, revision), clone: null };
  if (!(await isKnownToGit(root))) return { above: await readAbove(root, ""), clone: null };
  const git = openGit(root);
  const prefix = await ask(git, ["--show-prefix"]);
  return { above: await readAbove(root, prefix), clone: await readOwn(root, { git, prefix }) };
}

type Git = (args: readonly string[]) => Promise<Buffer>;

/** Runs Git in the folder, all calls together for at most a minute. */
function openGit(root: string): Git {
  const deadline = startDeadline(60_000);
  return async (args) => {
    const at = ["-C", root];
    const end = await runGit({ at, args, timeoutMs: deadline.leftMs(), configuration: "user" });
    if (end.exitCode !== 0) throw noRepository(root, end.complaint);
    return end.stdout;
  };
}

async function ask(git: Git, args: readonly string[]): Promise<string> {
  return (await git(["rev-parse", ...args])).toString("utf8").replace(/\n$/, "");
}

/** The folders from the top of the repository to the one that `prefix` names, as that one sees them and they see it. */
function foldersAbove(prefix: string): { up: string; lead: string; folder: string }[] {
  const parts = prefix.split("/").filter((part) => part !== "");
  return [...parts, ""].map((_, depth) => ({
    up: "../".repeat(parts.length - depth),
    lead: parts
      .slice(depth)
      .map((part) => `${part}/`)
      .join(""),
    folder: parts
      .slice(0, depth)
      .map((part) => `${part}/`)
      .join(""),
  }));
}

async function readAbove(root: string, prefix: string): Promise<AttributeFile[]> {
  const found: AttributeFile[] = [];
  for (const { up, lead, folder } of foldersAbove(prefix)) {
    const file = await openFolder(join(root, up)).readEntry(name, new FileSet());
    // A folder of that name says nothing to Git.
    if (file === null || file.mode === "160000") continue;
    found.push(attributeFile({ ...file, path: up + name }, { lead, folder }));
  }
  return found;
}

async function readOwn(
  root: string,
  { git, prefix }: { git: Git; prefix: string },
): Promise<AttributeFile | null> {
  const path = await ask(git, ["--git-path", "info/attributes"]);
  const full = resolve(root, path);
  try {
    if (!(await stat(full)).isFile()) return null;
    const bytes = new Uint8Array(await readFile(full));
    return attributeFile({ path, mode: "100644", bytes }, { lead: prefix, folder: "" });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (isAbsence(error)) return null;
    throw unreadable(full, error);
  }
}

async function readCommitted(root: string, revision: string): Promise<AttributeFile[]> {
  const git = openGit(root);
  const commit = await ask(git, ["--verify", "--end-of-options", `${revision}^{commit}`]);
  const found: AttributeFile[] = [];
  for (const { up, lead, folder } of foldersAbove(await ask(git, ["--show-prefix"]))) {
    const path = folder + name;
    const list = ["--literal-pathspecs", "ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", path];
    const entry = parseTree(await git(list)).find((each) => each.path === path);
    if (entry === undefined || entry.mode === "160000") continue;
    const bytes = new Uint8Array(await git(["cat-file", "blob", entry.oid]));
    found.push(attributeFile({ path: up + name, mode: entry.mode, bytes }, { lead, folder }));
  }
  return found;
}

/** Only at the top of a repository, and in the clone's own file, Git lets a line give a name to several attributes. */
function attributeFile(file: SourceFile, { lead, folder }: { lead: string; folder: string }): AttributeFile {
  return { file, lead, mayHaveMacros: folder === "" };
}
