import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

import { measureFolder } from "./folder-size.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-size-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const measure = async (path = folder, timeoutMs = 60_000) =>
  measureFolder(path, { timeoutMs, signal: new AbortController().signal });

test("it is what du counts: links not followed, a file with two names once, hidden files too", async () => {
  await mkdir(join(folder, "a/b"), { recursive: true });
  await writeFile(join(folder, "a/b/large"), Buffer.alloc(300_000, 1));
  await writeFile(join(folder, ".hidden"), "x");
  await link(join(folder, "a/b/large"), join(folder, "again"));
  await symlink("/usr", join(folder, "elsewhere"));
  const { stdout } = await promisify(execFile)("du", ["--summarize", "--block-size=1", folder]);
  expect(await measure()).toBe(Number.parseInt(stdout, 10));
});

test("it is unknown when it takes too long, and nothing where nothing is", async () => {
  await Promise.all(Array.from({ length: 2_000 }, async (_, each) => mkdir(join(folder, String(each)))));
  expect(await measure(folder, 1)).toBeNull();
  expect(await measure(join(folder, "gone"))).toBe(0);
});

test("it ends with the signal", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(measureFolder(folder, { timeoutMs: 60_000, signal })).rejects.toThrow("enough");
});
