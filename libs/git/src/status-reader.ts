import * as fs from "node:fs";

import { readBlob, readCommit, readTree } from "isomorphic-git";

import { foreignCode, isSystemError } from "./git-error.ts";
import type { FoundRef } from "./status-fetch.ts";
import { isStatusFile, readStatusMessage, statusFilePath } from "./status-ref.ts";
import { maxStatusBytes, readNote, unreadable } from "./status-text.ts";
import type { StatusText } from "./status-text.ts";

/**
 * Reads the status of a ref from the folder into which the ref was fetched; null when the folder does not have its
 * commit. Throws what isomorphic-git and the system throw.
 */
export function openStatusReader(gitDir: string): (found: FoundRef) => Promise<StatusText | null> {
  const repository = { fs, gitdir: gitDir, cache: {} };
  return async ({ ref, oid }) => {
    const found = await readCommit({ ...repository, oid }).catch((error: unknown) => {
      if (foreignCode(error) === "NotFoundError") return null;
      if (foreignCode(error) === "ObjectTypeError") return unreadable;
      throw error;
    });
    if (found === null || "json" in found) return found;
    const { tree: treeOid, message, committer } = found.commit;
    const updatedAt = new Date(committer.timestamp * 1000);
    const commit = readStatusMessage(message);
    const path = statusFilePath(ref, commit);
    const { tree } = await readTree({ ...repository, oid: treeOid });
    const entry = tree.find((file) => file.path === path);
    if (entry === undefined || !tree.every((file) => isStatusFile(ref, file)))
      return { commit, updatedAt, json: "" };
    const { blob } = await readBlob({ ...repository, oid: entry.oid });
    const json = blob.length > maxStatusBytes ? "" : readNote(Buffer.from(blob).toString("utf8"));
    return { commit, updatedAt, json };
  };
}

/** Throws an error of the disk again. Returns null for any other, which is about what was read. */
export function keepDiskFailure(error: unknown): null {
  if (isSystemError(error)) throw error;
  return null;
}
