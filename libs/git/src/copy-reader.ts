import * as fs from "node:fs";

import { readBlob, readCommit, readObject } from "isomorphic-git";
import { KeelsonError, compareText } from "@keelson/model";

import { summarise } from "./commit-reader.ts";
import type { CommitReader } from "./commit-reader.ts";
import { FileSet, Wanted, checkPath, fileLimits, fileMode } from "./file-set.ts";
import type { FileEntry } from "./file-set.ts";
import { DamageError, gitError, isSystemError } from "./git-error.ts";
import { diskFailure } from "./local-copy.ts";
import { type TreeEntry, readTreeObject } from "./tree-object.ts";

interface Copy {
  gitDir: string;
  commit: string;
}

interface BlobEntry extends FileEntry {
  oid: string;
}

/**
 * Reads a commit of the node's copy with isomorphic-git, without a checkout, and only the trees and blobs that are
 * asked for. What it has unpacked stays in memory as long as the reader. Throws `DamageError` where the copy is
 * damaged.
 */
export function openCopyReader({ gitDir, commit }: Copy): CommitReader {
  const repository = { fs, gitdir: gitDir, cache: {} };

  const guard = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw translate({ gitDir, commit }, error);
    }
  };

  /** Not with `readTree`, which sorts the entries and so hides what is wrong with their order. */
  const readEntries = async (oid: string): Promise<TreeEntry[]> => {
    const { object, type } = await readObject({ ...repository, oid, format: "content" });
    if (type !== "tree" || !(object instanceof Uint8Array)) throw new Error(`${oid} is no tree`);
    return readTreeObject({ oid, bytes: object });
  };

  const findBlobs = async (paths: readonly string[]): Promise<BlobEntry[]> => {
    const wanted = new Wanted(paths);
    const blobs: BlobEntry[] = [];
    const { commit: top } = await readCommit({ ...repository, oid: commit });
    const folders = [{ path: "", oid: top.tree }];
    let seen = 0;
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await readEntries(folder.oid)) {
        const path = `${folder.path}${entry.name}`;
        if (entry.isFolder && wanted.mayBeBelow(`${path}/`)) {
          // A few small trees can name each other so often that walking their folders would never end.
          if (++seen > fileLimits.files) throw tooManyFolders(path);
          folders.push({ path: `${path}/`, oid: entry.oid });
        } else if (!entry.isFolder && wanted.has(path)) {
          blobs.push({ path, mode: fileMode(entry.mode), oid: entry.oid });
        }
      }
    }
    return blobs;
  };

  return {
    readSummary: () =>
      guard(async () => {
        const { oid, commit: found } = await readCommit({ ...repository, oid: commit });
        if (oid !== commit)
          throw gitError("K2009", { message: `${commit} is a tag, and a branch must be at a commit` });
        const { message, author, committer } = found;
        return summarise({ message, author, committedAt: committer.timestamp });
      }),
    listPaths: (paths) =>
      guard(async () => {
        const listed = (await findBlobs(paths)).map(({ path }) => path);
        listed.forEach(checkPath);
        return listed.sort(compareText);
      }),
    readFiles: (paths, limit) =>
      guard(async () => {
        const files = new FileSet(limit);
        const blobs = (await findBlobs(paths)).flatMap((entry) => files.announce(entry) ?? []);
        for (const { path, mode, oid } of blobs) {
          const bytes = mode === "160000" ? new Uint8Array() : (await readBlob({ ...repository, oid })).blob;
          files.add({ path, mode, bytes });
        }
        return files.toMap();
      }),
  };
}

function tooManyFolders(path: string): KeelsonError {
  return gitError("K2007", {
    message: `${path} is one folder too many: at most ${fileLimits.files} are read`,
  });
}

function translate({ gitDir, commit }: Copy, error: unknown): KeelsonError {
  if (error instanceof KeelsonError) return error;
  if (isSystemError(error)) return diskFailure(gitDir, error);
  return new DamageError({
    message: `commit ${commit} is damaged or incomplete in the copy in ${gitDir}`,
    hint: "The next round makes a new copy. If the new copy is damaged too, run git fsck on the server.",
    cause: error,
  });
}
