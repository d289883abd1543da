import * as fs from "node:fs";

import { readBlob, readCommit, readTree } from "isomorphic-git";
import { KeelsonError } from "@keelson/model";

import { foreignCode, gitError, isSystemError } from "./git-error.ts";
import { GitHttpClient } from "./http-client.ts";
import type { GitHttpClientInput } from "./http-client.ts";
import { diskFailure, makeEmptyCopy } from "./local-copy.ts";
import { hasManyPacks, openRefServer } from "./status-fetch.ts";
import type { FoundRef } from "./status-fetch.ts";
import { readStatusMessage, readStatusRef, statusFilePath, statusPrefixes } from "./status-ref.ts";
import { maxStatusBytes, unreadable } from "./status-text.ts";
import type { StatusText } from "./status-text.ts";

export interface StatusCopyInput extends Pick<GitHttpClientInput, "url" | "login" | "deadline"> {
  /** A bare repository for this alone, made when it is missing. One caller at a time. */
  gitDir: string;
}

const idleTimeoutMs = 30_000;
const maxResponseBytes = 128 * 1024 * 1024;

/** The statuses of a server: lists its refs, and fetches what the folder does not have. */
export async function fetchStatuses(input: StatusCopyInput): Promise<Map<string, StatusText>> {
  const { url, gitDir } = input;
  using client = new GitHttpClient({ ...input, idleTimeoutMs, maxResponseBytes });
  try {
    const server = await openRefServer({ client, url });
    const found = (await server.listRefs(Object.values(statusPrefixes))).filter(
      ({ ref }) => readStatusRef(ref) !== null,
    );
    const held = await readHeld(gitDir, found);
    const missing = found.filter(({ ref }) => !held.has(ref));
    if (missing.length === 0) return held;
    await server.fetchCommits(
      gitDir,
      missing.map(({ oid }) => oid),
    );
    const read = openReader(gitDir);
    for (const { ref, oid } of missing) {
      // The pack is whole: what cannot be read now was never a status.
      held.set(ref, (await read({ ref, oid }).catch(keepDiskFailure)) ?? unreadable);
    }
    return held;
  } catch (error) {
    if (error instanceof KeelsonError) throw error;
    if (isSystemError(error)) throw diskFailure(gitDir, error);
    throw gitError("K2009", { message: `the statuses of the server at ${url} cannot be read`, cause: error });
  }
}

/** What the folder has already; it is made anew when it is missing, worn or damaged. */
async function readHeld(gitDir: string, found: readonly FoundRef[]): Promise<Map<string, StatusText>> {
  const held = new Map<string, StatusText>();
  try {
    if (!(await hasManyPacks(gitDir))) {
      const read = openReader(gitDir);
      for (const { ref, oid } of found) {
        const status = await read({ ref, oid });
        if (status !== null) held.set(ref, status);
      }
      return held;
    }
  } catch (error) {
    if (isSystemError(error) && !["ENOENT", "ENOTDIR"].includes(error.code ?? "")) throw error;
  }
  await makeEmptyCopy(gitDir);
  return new Map();
}

/** Reads a status of the folder; null when the folder does not have its commit. */
function openReader(gitDir: string): (found: FoundRef) => Promise<StatusText | null> {
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
    const entry = tree.find((file) => file.path === path && file.type === "blob");
    if (entry === undefined) return { commit, updatedAt, json: "" };
    const { blob } = await readBlob({ ...repository, oid: entry.oid });
    const json = blob.length > maxStatusBytes ? "" : Buffer.from(blob).toString("utf8");
    return { commit, updatedAt, json };
  };
}

function keepDiskFailure(error: unknown): null {
  if (isSystemError(error)) throw error;
  return null;
}
