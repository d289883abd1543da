import { makeGitRepository, makeTempFolder, outputOf } from "@keelson/test/support";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { addWorkTreeFile, makeWorkTree } from "./new-work-tree.ts";

describe("makeWorkTree", () => {
  it("makes a repository with the branch main, once", async () => {
    await using folder = await makeTempFolder();
    const path = folder.join("new/state");
    expect(await makeWorkTree(path)).toBe(true);
    expect(await outputOf(["git", "-C", path, "branch", "--show-current"])).toBe("main\n");
    expect(await makeWorkTree(path)).toBe(false);
  });

  it("makes none in a repository, unless that one ignores the folder", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { ".gitignore": "/scratch/\n" } });
    expect(await makeWorkTree(join(repository.path, "state"))).toBe(false);
    expect(existsSync(join(repository.path, "state/.git"))).toBe(false);
    expect(await makeWorkTree(join(repository.path, "scratch/state"))).toBe(true);
  });

  it("is K2012 where a file is in the way", async () => {
    await using folder = await makeTempFolder();
    await writeFile(folder.join("file"), "");
    for (const path of [folder.join("file"), folder.join("file/state")]) {
      await expect(makeWorkTree(path)).rejects.toMatchObject({ code: "K2012" });
    }
  });
});

describe("addWorkTreeFile", () => {
  it("writes what is not there, with the folders above it, and changes nothing that is", async () => {
    await using folder = await makeTempFolder();
    await mkdir(folder.join("folder"));
    await symlink(folder.join("elsewhere"), folder.join("link"));
    expect(await addWorkTreeFile(folder.path, { path: "a/b/c", text: "new" })).toBe(true);
    for (const path of ["a/b/c", "folder", "link"]) {
      expect(await addWorkTreeFile(folder.path, { path, text: "other" })).toBe(false);
    }
    expect(await readFile(folder.join("a/b/c"), "utf8")).toBe("new");
    expect(existsSync(folder.join("elsewhere"))).toBe(false);
    await expect(addWorkTreeFile(folder.path, { path: "a/b/c/d", text: "" })).rejects.toMatchObject({
      code: "K2012",
    });
  });
});
