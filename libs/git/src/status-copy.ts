import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { KeelsonError } from "@keelson/model";

import { fetchApart } from "./fetch-apart.ts";
import { gitError, isAbsence, isSystemError } from "./git-error.ts";
import { GitHttpClient } from "./http-client.ts";
import type { GitHttpClientInput } from "./http-client.ts";
import { countPacks, diskFailure, makeEmptyCopy, maxPacks, writeWhole } from "./local-copy.ts";
import { isObjectId } from "./object-id.ts";
import { openRefServer } from "./status-fetch.ts";
import type { FoundRef } from "./status-fetch.ts";
import { keepDiskFailure, openStatusReader } from "./status-reader.ts";
import { readStatusRef, statusPrefixes } from "./status-ref.ts";
import { unreadable } from "./status-text.ts";
import type { StatusText } from "./status-text.ts";

export interface StatusCopyInput extends Pick<GitHttpClientInput, "url" | "login" | "deadline"> {
  /** A bare repository that nothing else uses, made when it is missing. One caller at a time. */
  gitDir: string;
}

/** The statuses of a server, by their refs. Lists the refs, and fetches those whose commit the folder lacks. */
export async function fetchStatuses(input: StatusCopyInput): Promise<Map<string, StatusText>> {
  const { url, gitDir } = input;
  using client = new GitHttpClient(input);
  try {
    const server = await openRefServer({ client, url });
    const found = (await server.listRefs(Object.values(statusPrefixes))).filter(
      ({ ref }) => readStatusRef(ref) !== null,
    );
    const held = await readFolder(gitDir, found);
    const missing = found.filter(({ ref }) => !held.has(ref));
    if (missing.length === 0) return held;
    const tooLarge = await fetchApart(missing, {
      fetch: (refs) =>
        server.fetchCommits(
          gitDir,
          refs.map(({ oid }) => oid),
        ),
    });
    await rememberTooLarge(gitDir, tooLarge);
    const read = openStatusReader(gitDir);
    for (const { ref, oid } of missing) {
      // The fetch was complete, so what cannot be read now is no status.
      held.set(ref, (await read({ ref, oid }).catch(keepDiskFailure)) ?? unreadable);
    }
    return held;
  } catch (error) {
    if (error instanceof KeelsonError) throw error;
    if (isSystemError(error)) throw diskFailure(gitDir, error);
    throw gitError("K2009", { message: `the statuses of the server at ${url} cannot be read`, cause: error });
  }
}

/** The statuses that the folder has already. Makes the folder anew when it is missing, worn or damaged. */
async function readFolder(gitDir: string, found: readonly FoundRef[]): Promise<Map<string, StatusText>> {
  const held = new Map<string, StatusText>();
  try {
    if ((await countPacks(gitDir)) <= maxPacks) {
      const read = openStatusReader(gitDir);
      const tooLarge = await readTooLarge(gitDir);
      for (const { ref, oid } of found) {
        const status = tooLarge.has(oid) ? unreadable : await read({ ref, oid });
        if (status !== null) held.set(ref, status);
      }
      return held;
    }
  } catch (error) {
    if (isSystemError(error) && !isAbsence(error)) throw error;
  }
  await makeEmptyCopy(gitDir);
  return new Map();
}

/** The file in the folder that lists commits over the limits, so that they are not fetched again and again. */
const tooLargeName = "keelson-too-large";

async function readTooLarge(gitDir: string): Promise<Set<string>> {
  try {
    return new Set((await readFile(join(gitDir, tooLargeName), "utf8")).split("\n").filter(isObjectId));
  } catch (error) {
    if (isAbsence(error)) return new Set();
    throw error;
  }
}

async function rememberTooLarge(gitDir: string, refs: readonly FoundRef[]): Promise<void> {
  if (refs.length === 0) return;
  const all = new Set([...(await readTooLarge(gitDir)), ...refs.map(({ oid }) => oid)]);
  await writeWhole(gitDir, { name: tooLargeName, text: [...all].map((oid) => `${oid}\n`).join("") });
}
