import { readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { GitRepository } from "../support/index.ts";
import { smallRelease } from "./repository-text.ts";

/** What becomes of a file: its new text, a change of its text, or null to remove it. */
export type Change = string | null | ((text: string) => string);
export type Changes = Readonly<Record<string, Change>>;

export interface StateRepository {
  /** Changes files, commits and pushes to main; returns the commit. */
  push(changes: Changes, message?: string): Promise<string>;
  /** Like `push`, but does not push. */
  commit(changes: Changes, message?: string): Promise<string>;
  /**
   * Publishes the next patch version of the release `app` with these of its files changed, and locks it: what a
   * release engineer and a merged pull request do. Returns the commit.
   */
  upgrade(changes: Changes): Promise<string>;
}

/** `complete` makes the text that is committed from the one that a test wrote. */
export function makeStateRepository(
  repository: GitRepository,
  { lock, complete }: { lock: string; complete: (text: string) => Promise<string> },
): StateRepository {
  const commit = async (changes: Changes, message = "change") => {
    const files: Record<string, string | null> = {};
    for (const [path, change] of Object.entries(changes)) {
      const text =
        typeof change === "function" ? await changeText(join(repository.path, path), change) : change;
      files[path] = text === null ? null : await complete(text);
    }
    return repository.commit({ files, message });
  };
  const push = async (changes: Changes, message?: string) => {
    const revision = await commit(changes, message);
    await repository.push();
    return revision;
  };
  return {
    commit,
    push,
    upgrade: async (changes) => push(await nextRelease(repository.path, { changes, lock }), "upgrade"),
  };
}

async function changeText(path: string, change: (text: string) => string): Promise<string> {
  const text = await readFile(path, "utf8");
  const changed = change(text);
  if (changed === text) throw new Error(`the change of ${path} changes nothing`);
  return changed;
}

async function nextRelease(
  root: string,
  { changes, lock }: { changes: Changes; lock: string },
): Promise<Record<string, Change>> {
  const lockText = await readFile(join(root, lock), "utf8");
  const [, base = "", patch = "0"] = /version: (\d+\.\d+\.)(\d+)/.exec(lockText) ?? [];
  const [from, to] = [`${base}${patch}`, `${base}${Number(patch) + 1}`];
  const folder = join(root, "releases", smallRelease, from);
  const files: Record<string, Change> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    const text = await readFile(path, "utf8");
    files[`releases/${smallRelease}/${to}/${name}`] =
      name === "release.yaml" ? text.replace(`version: ${from}`, `version: ${to}`) : text;
  }
  for (const [name, change] of Object.entries(changes)) {
    const path = `releases/${smallRelease}/${to}/${name}`;
    if (change === null) delete files[path];
    else files[path] = typeof change === "function" ? await changeText(join(folder, name), change) : change;
  }
  return { ...files, [lock]: lockText.replace(`version: ${from}`, `version: ${to}`) };
}
