import { makeGitRepository, makeTempFolder, outputOf } from "@keelson/test/support";
import { mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { makeWorkTree } from "./new-work-tree.ts";

const files = new Map([
  ["top", "new"],
  ["a/b/c", "new"],
]);

describe("makeWorkTree", () => {
  it("makes a repository with the branch main, once", async () => {
    await using folder = await makeTempFolder();
    const path = folder.join("new/state");
    const made = { madeRepository: true, written: ["top", "a/b/c"], left: [] };
    expect(await makeWorkTree(path, files)).toEqual(made);
    expect(await outputOf(["git", "-C", path, "branch", "--show-current"])).toBe("main\n");
    const again = { madeRepository: false, written: [], left: ["top", "a/b/c"] };
    expect(await makeWorkTree(path, files)).toEqual(again);
  });

  it("makes none in a repository, unless that one ignores the folder", async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { ".gitignore": "/scratch/\n" } });
    expect(await makeWorkTree(join(repository.path, "state"), files)).toMatchObject({
      madeRepository: false,
    });
    expect(existsSync(join(repository.path, "state/.git"))).toBe(false);
    const ignored = await makeWorkTree(join(repository.path, "scratch/state"), files);
    expect(ignored.madeRepository).toBe(true);
  });

  it("changes nothing that is there", async () => {
    await using folder = await makeTempFolder();
    await mkdir(folder.join("folder"));
    await symlink(folder.join("elsewhere"), folder.join("link"));
    await writeFile(folder.join("file"), "old");
    const paths = ["folder", "link", "file", "a/b/c"];
    const made = await makeWorkTree(folder.path, new Map(paths.map((path) => [path, "new"])));
    expect(made).toMatchObject({ written: ["a/b/c"], left: ["folder", "link", "file"] });
    expect(await readFile(folder.join("file"), "utf8")).toBe("old");
    expect(await readFile(folder.join("a/b/c"), "utf8")).toBe("new");
    expect(existsSync(folder.join("elsewhere"))).toBe(false);
  });

  it("writes behind no link, and nothing at all where one is on the way", async () => {
    await using folder = await makeTempFolder();
    await mkdir(folder.join("outside"));
    await mkdir(folder.join("state/a"), { recursive: true });
    for (const [link, target] of [
      ["a", "../outside"],
      ["a/b", "../../outside"],
      ["a", "missing"],
    ] as const) {
      const place = folder.join("state", link);
      await rm(place, { recursive: true, force: true });
      await mkdir(join(place, ".."), { recursive: true });
      await symlink(target, place);
      await expect(makeWorkTree(folder.join("state"), files)).rejects.toMatchObject({
        code: "K2012",
        message: `${place} is a symbolic link, and nothing is written behind one`,
      });
      expect(await readdir(folder.join("state"))).toEqual(["a"]);
      await rm(folder.join("state/a"), { recursive: true });
    }
    expect(await readdir(folder.join("outside"))).toEqual([]);
    // The folder itself may be named by a link.
    await symlink("state", folder.join("here"));
    expect(await makeWorkTree(folder.join("here"), files)).toMatchObject({ written: ["top", "a/b/c"] });
  });

  it("is K2012 where a file is in the way", async () => {
    await using folder = await makeTempFolder();
    await writeFile(folder.join("file"), "");
    await mkdir(folder.join("state"));
    await writeFile(folder.join("state/a"), "");
    for (const path of ["file", "file/state", "state"]) {
      await expect(makeWorkTree(folder.join(path), files)).rejects.toMatchObject({ code: "K2012" });
    }
    expect(await readdir(folder.join("state"))).toEqual(["a"]);
  });

  it("tells nobody to wait for a round where git makes no repository", async () => {
    // There nobody can make a folder.
    const refused = makeWorkTree("/proc/self", files);
    await expect(refused).rejects.toMatchObject({ code: "K2012", outcome: { kind: "stalled" } });
    await expect(refused).rejects.not.toMatchObject({ hint: expect.stringContaining("round") });
  });
});
