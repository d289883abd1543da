import { compareText } from "@keelson/model";

import { summarise } from "./commit-reader.ts";
import type { CommitReader } from "./commit-reader.ts";
import { FileSet, Wanted, checkPath, fileMode } from "./file-set.ts";
import type { FileEntry } from "./file-set.ts";
import { DamageError } from "./git-error.ts";
import { incompleteBatch, parseBatch } from "./object-batch.ts";
import { runGit } from "./system-git.ts";
import type { SystemGitInput } from "./system-git.ts";
import { readTreeObject } from "./tree-object.ts";

export interface SystemReaderInput extends Pick<SystemGitInput, "at" | "configuration" | "timeoutMs"> {
  commit: string;
}

interface ListedEntry extends FileEntry {
  oid: string;
  isFolder: boolean;
}

/**
 * Reads a commit with the system's `git`, without a checkout. Where `at` is a folder inside a repository, reads only
 * the files below that folder, with paths relative to it. Throws `DamageError` where the repository is damaged.
 */
export function openSystemReader({ commit, ...git }: SystemReaderInput): CommitReader {
  const run = async (args: readonly string[], input?: string): Promise<Buffer> => {
    const end = await runGit({ ...git, args, ...(input === undefined ? {} : { input }) });
    if (end.exitCode !== 0) throw damaged(commit, end.complaint);
    return end.stdout;
  };

  const list = async (wanted: Wanted, options: readonly string[]) =>
    parseTree(
      await run(["--literal-pathspecs", "ls-tree", ...options, "-z", "--", commit, ...wanted.pathspecs]),
    );

  /** Checks the folders that hold the blobs, and reads the blobs. */
  const readObjects = async (
    folders: readonly ListedEntry[],
    blobs: readonly ListedEntry[],
  ): Promise<Uint8Array[]> => {
    const top = `${commit}^{tree}`;
    const trees = [...new Set([top, ...folders.map(({ oid }) => oid)])];
    const asked = [...trees, ...blobs.map(({ oid }) => oid)];
    const output = await run(["cat-file", "--batch"], asked.map((name) => `${name}\n`).join(""));
    const objects = parseBatch(output, asked.length);
    const isWhole = objects?.every(({ oid, type }, index) => {
      const isAsked = asked[index] === top || asked[index] === oid;
      return isAsked && type === (index < trees.length ? "tree" : "blob");
    });
    if (objects === null || isWhole !== true) throw damaged(commit, incompleteBatch());
    for (const tree of objects.slice(0, trees.length)) readTreeObject(tree);
    // Copies, so that a caller that keeps one file does not keep the whole output.
    return objects.slice(trees.length).map(({ bytes }) => new Uint8Array(bytes));
  };

  return {
    readSummary: async () => {
      const format = "--format=%an%x00%ae%x00%ct%x00%B";
      const output = await run([
        "log",
        "-1",
        "--no-show-signature",
        "--no-notes",
        "--no-color",
        "--encoding=UTF-8",
        format,
        commit,
      ]);
      const [name = "", email = "", seconds = "", message = ""] = output.toString("utf8").split("\0");
      return summarise({ message, author: { name, email }, committedAt: Number(seconds) });
    },
    listPaths: async (paths) => {
      const wanted = new Wanted(paths);
      const listed = await list(wanted, ["-r"]);
      const found = listed.map(({ path }) => path).filter((path) => wanted.has(path));
      found.forEach(checkPath);
      return found.sort(compareText);
    },
    readFiles: async (paths, limit) => {
      const files = new FileSet(limit);
      const wanted = new Wanted(paths);
      const listed = await list(wanted, ["-r", "-t", "-l"]);
      const folders = listed.filter(({ path, isFolder }) => isFolder && wanted.mayBeBelow(`${path}/`));
      const entries = listed
        .filter(({ path, isFolder }) => !isFolder && wanted.has(path))
        .flatMap((entry) => files.announce(entry) ?? []);
      const blobs = entries.filter(({ mode }) => mode !== "160000");
      const contents = entries.length === 0 ? [] : await readObjects(folders, blobs);
      blobs.forEach(({ path, mode }, index) => {
        files.add({ path, mode, bytes: contents[index] ?? new Uint8Array() });
      });
      for (const { path, mode } of entries) {
        if (mode === "160000") files.add({ path, mode, bytes: new Uint8Array() });
      }
      return files.toMap();
    },
  };
}

function damaged(commit: string, cause: unknown): DamageError {
  return new DamageError({ message: `commit ${commit} is damaged or incomplete`, cause });
}

/** `<mode> SP <type> SP <object> SP <padded size> TAB <path> NUL` (git-ls-tree(1)). */
export function parseTree(output: Buffer): ListedEntry[] {
  const text = new TextDecoder("utf-8").decode(output);
  return text
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", type, oid = "", size = ""] = line.slice(0, tab).split(/ +/);
      const path = line.slice(tab + 1);
      return { path, mode: fileMode(mode), isFolder: type === "tree", oid, sizeBytes: Number(size) || 0 };
    });
}
