import { summarise } from "./commit-reader.ts";
import type { CommitReader } from "./commit-reader.ts";
import { FileSet, fileMode, isWanted, wantedFolders } from "./file-set.ts";
import type { FileEntry } from "./file-set.ts";
import { DamageError } from "./git-error.ts";
import { incompleteBatch, parseBatch } from "./object-batch.ts";
import { runGit } from "./system-git.ts";
import type { SystemGitInput } from "./system-git.ts";

export interface SystemReaderInput extends Pick<SystemGitInput, "at" | "configuration" | "timeoutMs"> {
  commit: string;
}

interface ListedBlob extends FileEntry {
  oid: string;
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

  const readBlobs = async (blobs: readonly ListedBlob[]): Promise<Uint8Array[]> => {
    const output = await run(["cat-file", "--batch"], batchInput(blobs));
    const objects = parseBatch(output, blobs.length);
    if (objects?.every(({ oid, type }, index) => oid === blobs[index]?.oid && type === "blob") !== true)
      throw damaged(commit, incompleteBatch());
    // Copies, so that a caller that keeps one file does not keep the whole output.
    return objects.map(({ bytes }) => new Uint8Array(bytes));
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
    readFiles: async (prefixes, limit) => {
      const files = new FileSet(limit);
      const list = await run([
        "--literal-pathspecs",
        "ls-tree",
        "-r",
        "-l",
        "-z",
        "--",
        commit,
        ...wantedFolders(prefixes),
      ]);
      const entries = parseTree(list)
        .filter(({ path }) => isWanted(prefixes, path))
        .flatMap((entry) => files.announce(entry) ?? []);
      const blobs = entries.filter(({ mode }) => mode !== "160000");
      const contents = blobs.length === 0 ? [] : await readBlobs(blobs);
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

function batchInput(blobs: readonly ListedBlob[]): string {
  return blobs.map(({ oid }) => `${oid}\n`).join("");
}

/** `<mode> SP <type> SP <object> SP <padded size> TAB <path> NUL` (git-ls-tree(1)). */
export function parseTree(output: Buffer): ListedBlob[] {
  const text = new TextDecoder("utf-8").decode(output);
  return text
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", , oid = "", size = ""] = line.slice(0, tab).split(/ +/);
      return { path: line.slice(tab + 1), mode: fileMode(mode), oid, sizeBytes: Number(size) || 0 };
    });
}
