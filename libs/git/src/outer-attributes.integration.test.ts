import { decodeText } from "@keelson/model";
import type { OuterAttributes } from "@keelson/model";
import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

import { readOuterAttributes } from "./outer-attributes.ts";

function told({ above, clone }: OuterAttributes) {
  return [...above, ...(clone === null ? [] : [clone])].map(({ file, lead, mayHaveMacros }) => [
    file.path,
    decodeText(file.bytes),
    lead,
    mayHaveMacros,
  ]);
}

it("has the files from the top of the repository down to the folder, in a work tree and in a commit", async () => {
  await using repository = await makeGitRepository();
  const files = {
    ".gitattributes": "top",
    "a/.gitattributes": "a",
    "a/b/c.txt": "c",
    "a/b/.gitattributes": "b",
  };
  const commit = await repository.commit({ files });
  await repository.write({ ".gitattributes": "new top", "a/b/.gitattributes": null });
  await writeFile(join(repository.path, ".git/info/attributes"), "mine");
  const state = join(repository.path, "a/b");
  expect(told(await readOuterAttributes(state, { revision: commit }))).toEqual([
    ["../../.gitattributes", "top", "a/b/", true],
    ["../.gitattributes", "a", "b/", false],
    [".gitattributes", "b", "", false],
  ]);
  expect(told(await readOuterAttributes(state))).toEqual([
    ["../../.gitattributes", "new top", "a/b/", true],
    ["../.gitattributes", "a", "b/", false],
    ["../../.git/info/attributes", "mine", "a/b/", true],
  ]);
  expect(told(await readOuterAttributes(repository.path))).toEqual([
    [".gitattributes", "new top", "", true],
    [".git/info/attributes", "mine", "", true],
  ]);
});

it("has none where there is none, and only the folder's own where Git does not know it", async () => {
  await using repository = await makeGitRepository();
  const commit = await repository.commit({ files: { "a.txt": "a" } });
  await rm(join(repository.path, ".git/info"), { recursive: true, force: true });
  await repository.write({ ".gitattributes/x": "a folder" });
  const withFolder = await repository.commit();
  expect(await readOuterAttributes(repository.path, { revision: withFolder })).toEqual({
    above: [],
    clone: null,
  });
  expect(await readOuterAttributes(repository.path)).toEqual({ above: [], clone: null });
  expect(await readOuterAttributes(repository.path, { revision: commit })).toEqual({
    above: [],
    clone: null,
  });
  await using folder = await makeTempFolder();
  await writeFile(folder.join(".gitattributes"), "own");
  await mkdir(folder.join("state"));
  expect(told(await readOuterAttributes(folder.path))).toEqual([[".gitattributes", "own", "", true]]);
  expect(await readOuterAttributes(folder.join("state"))).toEqual({ above: [], clone: null });
});

it("tells of a link and follows none", async () => {
  await using repository = await makeGitRepository();
  await symlink("/etc/hostname", join(repository.path, ".gitattributes"));
  const commit = await repository.commit();
  for (const revision of [{}, { revision: commit }]) {
    const { above } = await readOuterAttributes(repository.path, revision);
    expect(above.map(({ file }) => [file.mode, decodeText(file.bytes)])).toEqual([
      ["120000", "/etc/hostname"],
    ]);
  }
});

it("what cannot be read is K2012, and nobody waits for a round", async () => {
  await using repository = await makeGitRepository();
  await mkdir(join(repository.path, ".git/info"), { recursive: true });
  await symlink("attributes", join(repository.path, ".git/info/attributes"));
  await expect(readOuterAttributes(repository.path)).rejects.toMatchObject({
    code: "K2012",
    hint: "Check that you may read it, and that the disk is sound.",
  });
});

it("a revision that is not there is K2004", async () => {
  await using repository = await makeGitRepository();
  await expect(readOuterAttributes(repository.path, { revision: "nowhere" })).rejects.toMatchObject({
    code: "K2004",
  });
});
