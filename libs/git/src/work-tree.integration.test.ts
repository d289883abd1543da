import { mkdir, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { decodeText } from "@keelson/model";
import type { Snapshot } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, outputOf } from "@keelson/test/support";
import { fileLimits } from "./file-set.ts";
import { listDirtyPaths, readWorkTree } from "./work-tree.ts";

async function entries(revision: Snapshot, prefixes = [""]): Promise<string[][]> {
  const files = await revision.readFiles(prefixes);
  return [...files.values()].map(({ path, mode, bytes }) => [path, mode, decodeText(bytes)]);
}

describe("listDirtyPaths", () => {
  it("names what changed, is staged, gone or unknown, and not what Git ignores", async () => {
    await using repository = await makeGitRepository();
    const files = { a: "1", "b/c": "1", gone: "1", old: "1\n2\n3\n", ".gitignore": "*.log\n" };
    await repository.commit({ files });
    expect(await listDirtyPaths(repository.path)).toEqual([]);

    await repository.write({ a: "2", "b/c": "2", "new folder/x y": "1", "run.log": "1", gone: null });
    await repository.git("add", "b/c");
    await repository.git("mv", "old", "renamed");
    const dirty = ["a", "b/c", "gone", "new folder/x y", "old", "renamed"];
    expect(await listDirtyPaths(repository.path)).toEqual(dirty);
    expect(await listDirtyPaths(join(repository.path, "b"))).toEqual(["c"]);
  });

  it("knows which of some files lie there and are none of it", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { a: "1", "kept.env": "1", ".gitignore": ".env\n*.env\n" } });
    await repository.git("add", "--force", "kept.env");
    await repository.write({ "b/.env": "1", "b/c": "1" });
    const asked = ["a", "b/.env", "b/c", "c/.env", "kept.env", "b"];
    const ignored = await (await readWorkTree(repository.path)).listIgnored?.(asked);
    expect(ignored).toEqual(["b/.env"]);
  });

  it("writes nothing, not even the index", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { a: "1" } });
    // A file that only looks changed makes `git status` write the index anew.
    await utimes(join(repository.path, "a"), 1, 1);
    const index = join(repository.path, ".git/index");
    const before = (await stat(index)).mtimeMs;
    expect(await listDirtyPaths(repository.path)).toEqual([]);
    expect((await stat(index)).mtimeMs).toBe(before);
  });

  it("runs no program that the repository's configuration names", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { a: "1" } });
    const hit = join(repository.path, ".git/hit");
    await repository.git("config", "core.fsmonitor", `touch ${hit}; false`);
    expect(await listDirtyPaths(repository.path)).toEqual([]);
    await expect(stat(hit)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("has nothing to say of a bare repository, and K2004 for what is none", async () => {
    await using repository = await makeGitRepository();
    await using folder = await makeTempFolder();
    await repository.commit({ files: { a: "1" } });
    await repository.git("clone", "--quiet", "--bare", repository.path, folder.join("bare.git"));
    expect(await listDirtyPaths(folder.join("bare.git"))).toEqual([]);
    await expect(listDirtyPaths(folder.path)).rejects.toMatchObject({ code: "K2004" });
    await expect(listDirtyPaths(folder.join("missing"))).rejects.toMatchObject({ code: "K2004" });
  });
});

describe("readWorkTree", () => {
  it("reads the files as they lie, committed or not, without those that are gone or ignored", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { "e/a": "1", "e/gone": "1", ".gitignore": "*.log\n", "docs/x": "1" } });
    await repository.write({
      "e/a": "2",
      "e/gone": null,
      "e/new": { content: "n", mode: 0o755 },
      "e/x.log": "ignored",
    });
    const revision = await readWorkTree(repository.path);
    expect(revision).toMatchObject({ commit: "worktree", committedAt: null });
    expect(await entries(revision, ["e/"])).toEqual([
      ["e/a", "100644", "2"],
      ["e/new", "100755", "n"],
    ]);
    expect(await entries(await readWorkTree(join(repository.path, "e")))).toEqual([
      ["a", "100644", "2"],
      ["new", "100755", "n"],
    ]);
  });

  it("follows no link, neither one that is listed nor one on the way", async () => {
    await using repository = await makeGitRepository();
    await using outside = await makeTempFolder();
    await writeFile(outside.join("a"), "secret");
    await repository.commit({ files: { "e/a": "1", "f/a": "1" } });
    await symlink(outside.join("a"), join(repository.path, "e/link"));
    await rm(join(repository.path, "f"), { recursive: true });
    await symlink(outside.path, join(repository.path, "f"));
    expect(await entries(await readWorkTree(repository.path))).toEqual([
      ["e/a", "100644", "1"],
      ["e/link", "120000", outside.join("a")],
      ["f", "120000", outside.path],
    ]);
  });

  it("lists what is there, and not what only the index has", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { "e/a": "1", "e/gone": "2", f: "3" } });
    await repository.write({ "e/new": "4" });
    await rm(repository.path + "/e/gone");
    const tree = await readWorkTree(repository.path);
    expect(await tree.listPaths(["e/"])).toEqual(["e/a", "e/new"]);
  });

  it("gives repositories inside as submodules, and a path in conflict once", async () => {
    await using repository = await makeGitRepository();
    await using other = await makeGitRepository();
    await repository.commit({ files: { a: "0" } });
    await repository.createBranch("side");
    await repository.commit({ files: { a: "1" } });
    await repository.switchTo("main");
    await repository.commit({ files: { a: "2" } });
    expect((await repository.tryGit("merge", "side")).exitCode).toBe(1);
    await other.commit({ files: { x: "1" } });
    await repository.git("clone", "--quiet", other.path, "inner");
    const files = await (await readWorkTree(repository.path)).readFiles([""]);
    expect([...files.values()].map(({ path, mode }) => [path, mode])).toEqual([
      ["a", "100644"],
      ["inner", "160000"],
    ]);
  });

  it("walks a folder that Git does not know, as far as it is asked to", async () => {
    await using folder = await makeTempFolder();
    await using outside = await makeTempFolder();
    await mkdir(folder.join("e/.git"), { recursive: true });
    await mkdir(folder.join("other\\folder"));
    await writeFile(folder.join("e/a"), "1");
    await writeFile(folder.join("e/.git/config"), "x");
    await writeFile(folder.join("other\\folder/b"), "2");
    await symlink(outside.path, folder.join("e/link"));
    expect(await entries(await readWorkTree(folder.path), ["e/", "none/"])).toEqual([
      ["e/a", "100644", "1"],
      ["e/link", "120000", outside.path],
    ]);
    await expect(entries(await readWorkTree(folder.path))).rejects.toMatchObject({ code: "K2008" });
  });

  it("walks a folder that the repository around it ignores", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { ".gitignore": "/scratch/\n", a: "1" } });
    await repository.write({ "scratch/state/e/a": "2", "other/b": "3" });
    expect(await entries(await readWorkTree(join(repository.path, "scratch/state")))).toEqual([
      ["e/a", "100644", "2"],
    ]);
    expect(await entries(await readWorkTree(join(repository.path, "other")))).toEqual([["b", "100644", "3"]]);
  });

  it("tells of what is no file, also of what Git does not list, and refuses a folder that is not there", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { "e/b/a": "1", "e/pipe": "1", "g/a": "1", "h/a": "1" } });
    await rm(join(repository.path, "e/pipe"));
    await outputOf(["mkfifo", join(repository.path, "e/pipe"), join(repository.path, "e/b/new")]);
    // What a link leads to is not looked at.
    await using outside = await makeTempFolder();
    await outputOf(["mkfifo", outside.join("pipe")]);
    await rm(join(repository.path, "h"), { recursive: true });
    await symlink(outside.path, join(repository.path, "h"));
    const revision = await readWorkTree(repository.path);
    const found = [...(await revision.readFiles(["e/", "h"])).values()];
    expect(found.map(({ path, mode, special }) => [path, mode, special])).toEqual([
      ["e/b/a", "100644", undefined],
      ["e/b/new", "100644", true],
      ["e/pipe", "100644", true],
      ["h", "120000", undefined],
    ]);
    expect(await entries(revision, ["g/"])).toEqual([["g/a", "100644", "1"]]);
    await expect(readWorkTree(join(repository.path, "missing"))).rejects.toMatchObject({ code: "K2004" });
    await expect(readWorkTree(join(repository.path, "g/a"))).rejects.toMatchObject({ code: "K2004" });
  });

  it("leaves out what is too large", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { "f/big": "1" } });
    await writeFile(join(repository.path, "f/big"), new Uint8Array(fileLimits.fileBytes + 1));
    const revision = await readWorkTree(repository.path);
    const left = (await revision.readFiles(["f/"])).get("f/big");
    expect(left?.tooLarge?.sizeBytes).toBe(fileLimits.fileBytes + 1);
    const whole = await readWorkTree(repository.path, { fileBytes: fileLimits.fileBytes + 1 });
    expect((await whole.readFiles(["f/"])).get("f/big")?.bytes.length).toBe(fileLimits.fileBytes + 1);
  });

  it("says so when Git does not take the repository for one", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { a: "1" } });
    await rename(join(repository.path, ".git/HEAD"), join(repository.path, ".git/lost"));
    const revision = await readWorkTree(repository.path);
    await expect(revision.readFiles([""])).rejects.toMatchObject({ code: "K2004" });
  });
});
