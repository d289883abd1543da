import { chmod, readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { expect, test, vi } from "vitest";

import { commitFiles, switchToNewBranch, writeWorkTreeFile } from "./commit-file.ts";

const path = "nodes/a.yaml";

test("a file gets its new text with its mode, and a commit of its own whatever is staged", async () => {
  await using repository = await makeGitRepository();
  await repository.commit({ files: { [path]: "name: a\n", other: "one\n" } });
  await repository.write({ other: "two\n" });
  await repository.git("add", "other");
  const file = join(repository.path, path);
  await chmod(file, 0o640);
  await writeWorkTreeFile(repository.path, { path, text: "name: b\n" });
  expect(await readFile(file, "utf8")).toBe("name: b\n");
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(join(repository.path, "nodes"))).toEqual(["a.yaml"]);

  const commit = await commitFiles(repository.path, { paths: [path], message: "say something" });
  expect((await repository.git("rev-parse", "HEAD")).trim()).toBe(commit);
  expect(await repository.git("show", "--format=%s", "--name-only", "HEAD")).toBe(`say something\n\n${path}`);
  expect(await repository.git("status", "--porcelain")).toBe("M  other");
});

test("a file that is not there is made, and committed alone", async () => {
  await using repository = await makeGitRepository();
  await repository.commit({ files: { [path]: "name: a\n" } });
  await repository.write({ other: "one\n" });
  await writeWorkTreeFile(repository.path, { path: "nodes/b.yaml", text: "name: b\n" });
  await commitFiles(repository.path, { paths: ["nodes/b.yaml"], message: "add b" });
  expect(await repository.git("show", "HEAD:nodes/b.yaml")).toBe("name: b");
  expect(await repository.git("status", "--porcelain")).toBe("?? other");
});

test("who commits may be said by the variables that Git has for it", async () => {
  await using repository = await makeGitRepository();
  await repository.commit({ files: { [path]: "name: a\n" } });
  await writeWorkTreeFile(repository.path, { path, text: "name: b\n" });
  vi.stubEnv("GIT_AUTHOR_NAME", "A job");
  vi.stubEnv("GIT_AUTHOR_EMAIL", "job@forge.example");
  try {
    await commitFiles(repository.path, { paths: [path], message: "say something" });
  } finally {
    vi.unstubAllEnvs();
  }
  expect(await repository.git("show", "--no-patch", "--format=%an %ae")).toBe("A job job@forge.example");
});

test("K2012 where a file lies in the place of a folder, and where Git has nothing to commit", async () => {
  await using repository = await makeGitRepository();
  await repository.commit({ files: { [path]: "name: a\n" } });
  const error = expect.objectContaining({ code: "K2012" });
  await expect(writeWorkTreeFile(repository.path, { path: `${path}/b.yaml`, text: "" })).rejects.toEqual(
    error,
  );
  await expect(commitFiles(repository.path, { paths: [path], message: "nothing" })).rejects.toEqual(error);
  await using folder = await makeTempFolder();
  await expect(commitFiles(folder.path, { paths: [path], message: "nowhere" })).rejects.toEqual(error);
});

test("a new branch begins at the commit, keeps what is not committed, and takes no other's place", async () => {
  await using repository = await makeGitRepository();
  const commit = await repository.commit({ files: { [path]: "name: a\n" } });
  await repository.write({ [path]: "name: b\n" });
  await switchToNewBranch(repository.path, "upgrade/a-1.1.0");
  expect(await repository.git("symbolic-ref", "--short", "HEAD")).toBe("upgrade/a-1.1.0");
  expect(await repository.git("rev-parse", "HEAD")).toBe(commit);
  expect(await readFile(join(repository.path, path), "utf8")).toBe("name: b\n");
  const error = expect.objectContaining({ code: "K2012" });
  await expect(switchToNewBranch(repository.path, "upgrade/a-1.1.0")).rejects.toEqual(error);
  await expect(switchToNewBranch(repository.path, "not a name")).rejects.toEqual(error);
});
