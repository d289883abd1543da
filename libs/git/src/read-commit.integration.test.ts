import { symlink } from "node:fs/promises";
import { join } from "node:path";

import { decodeText } from "@keelson/model";
import type { SourceFiles } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, outputOf, startGitServer } from "@keelson/test/support";
import { fetchSnapshot } from "./fetch-snapshot.ts";
import { fileLimits } from "./file-set.ts";
import { readCommit } from "./read-commit.ts";

const timeoutMs = 60_000;

function texts(files: SourceFiles): Record<string, string> {
  return Object.fromEntries([...files.values()].map(({ path, bytes }) => [path, decodeText(bytes)]));
}

it("reads what is committed at a branch, a tag or a commit, and not what lies in the work tree", async () => {
  await using repository = await makeGitRepository();
  const first = await repository.commit({ files: { "environments/a": "1" }, message: "first\n\nbody" });
  await repository.git("tag", "--annotate", "--message", "a tag", "v1");
  const second = await repository.commit({ files: { "environments/a": "2", "docs/b": "b" } });
  await repository.write({ "environments/a": "uncommitted", "environments/new": "untracked" });

  const head = await readCommit({ repository: repository.path, revision: "HEAD", timeoutMs });
  expect(head).toMatchObject({ commit: second, ref: "refs/heads/main", subject: "change" });
  expect(head.author).toBe("Ada Author <ada@example.org>");
  expect(head.committedAt?.toISOString()).toBe("2026-01-01T00:02:00.000Z");
  expect(texts(await head.readFiles(["environments/"]))).toEqual({ "environments/a": "2" });
  expect(texts(await head.readFiles([""]))).toEqual({ "docs/b": "b", "environments/a": "2" });
  expect(texts(await head.readFiles(["environments/none", "nowhere/"]))).toEqual({});
  expect(texts(await head.readFiles(["docs/b", "environments"]))).toEqual({ "docs/b": "b" });
  expect(await head.listPaths(["docs/b", "environments/", "docs/none"])).toEqual([
    "docs/b",
    "environments/a",
  ]);

  for (const revision of ["v1", first, first.slice(0, 10), "HEAD~1", "main^"]) {
    const found = await readCommit({ repository: repository.path, revision, timeoutMs });
    expect(found).toMatchObject({ commit: first, subject: "first" });
    expect(texts(await found.readFiles(["environments/"]))).toEqual({ "environments/a": "1" });
  }
});

it("reads a bare repository, another work tree, and a folder in a bigger repository", async () => {
  await using repository = await makeGitRepository();
  await using folder = await makeTempFolder();
  const commit = await repository.commit({ files: { "state/environments/a": "1", "environments/b": "2" } });
  await repository.git("clone", "--quiet", "--bare", repository.path, folder.join("bare.git"));
  await repository.git("worktree", "add", "--quiet", folder.join("tree"), "HEAD");
  for (const path of [folder.join("bare.git"), folder.join("tree")]) {
    const found = await readCommit({ repository: path, revision: "HEAD", timeoutMs });
    expect(found.commit).toBe(commit);
    expect(texts(await found.readFiles(["environments/"]))).toEqual({ "environments/b": "2" });
  }
  const state = join(repository.path, "state");
  const inner = await readCommit({ repository: state, revision: "HEAD", timeoutMs });
  expect(texts(await inner.readFiles(["environments/"]))).toEqual({ "environments/a": "1" });
});

it("throws K2004 for what is no repository, or not there", async () => {
  await using repository = await makeGitRepository();
  await using folder = await makeTempFolder();
  await repository.commit({ files: { a: "1" } });
  const blob = await repository.git("rev-parse", "HEAD:a");
  for (const revision of [
    "none",
    "0".repeat(40),
    blob,
    "",
    "--help",
    "--all",
    "-h",
    "HEAD:a",
    "a\u0000b",
    "@{upstream}",
  ]) {
    const reading = readCommit({ repository: repository.path, revision, timeoutMs });
    await expect(reading).rejects.toMatchObject({ code: "K2004", outcome: { kind: "stalled" } });
  }
  for (const path of [folder.path, folder.join("missing")]) {
    await expect(readCommit({ repository: path, revision: "HEAD", timeoutMs })).rejects.toMatchObject({
      code: "K2004",
    });
  }
});

it("gives modes, links and submodules as entries", async () => {
  await using repository = await makeGitRepository();
  await repository.write({ "a/run": { content: "x", mode: 0o755 } });
  await symlink("/etc/passwd", join(repository.path, "a/link"));
  const commit = await repository.commit();
  await repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},a/module`);
  await repository.git("commit", "--quiet", "--message", "submodule");
  const revision = await readCommit({ repository: repository.path, revision: "HEAD", timeoutMs });
  const files = await revision.readFiles(["a/"]);
  expect([...files.values()].map(({ path, mode, bytes }) => [path, mode, decodeText(bytes)])).toEqual([
    ["a/link", "120000", "/etc/passwd"],
    ["a/module", "160000", ""],
    ["a/run", "100755", "x"],
  ]);
});

it("leaves out the bytes of a file over the limit, whichever that is, and reads the others", async () => {
  await using repository = await makeGitRepository();
  const sizeBytes = fileLimits.fileBytes + 1;
  await repository.commit({ files: { "a/big.bin": new Uint8Array(sizeBytes), "a/small": "1" } });
  const read = async (limit: { fileBytes?: number }) => {
    const revision = await readCommit({ repository: repository.path, revision: "HEAD", timeoutMs, ...limit });
    return [...(await revision.readFiles(["a/"]))].map(([path, file]) => [
      path,
      file.bytes.length,
      file.tooLarge,
    ]);
  };
  expect(await read({})).toEqual([
    ["a/big.bin", 0, { sizeBytes, limitBytes: fileLimits.fileBytes }],
    ["a/small", 1, undefined],
  ]);
  expect(await read({ fileBytes: sizeBytes })).toEqual([
    ["a/big.bin", sizeBytes, undefined],
    ["a/small", 1, undefined],
  ]);
});

it("reads the objects that the commit names, not ones that were put in their place", async () => {
  await using repository = await makeGitRepository();
  await repository.commit({ files: { a: "1" } });
  const [blob, other] = [await repository.git("rev-parse", "HEAD:a"), await hash(repository.path, "other")];
  await repository.git("replace", blob, other);
  expect(await repository.git("show", "HEAD:a")).toBe("other");
  const revision = await readCommit({ repository: repository.path, revision: "HEAD", timeoutMs });
  expect(texts(await revision.readFiles(["a"]))).toEqual({ a: "1" });
});

it.each([
  ["a part that climbs", ".."],
  ["a part that is Git's own", ".git"],
  ["its name in capitals", ".GIT"],
  ["a backslash", "..\\x"],
  ["an escape code", "\u001b[31m"],
])("refuses a tree with %s, read by either reader", async (_, name) => {
  await using repository = await makeGitRepository();
  await using node = await makeTempFolder("keelson-node-");
  const blob = await hash(repository.path, "x");
  const make = (input: string) =>
    outputOf(["git", "-C", repository.path, "mktree", "-z"], { input }).then((oid) => oid.trim());
  const inner = await make(`100644 blob ${blob}\t${name}\0`);
  const root = await make(`040000 tree ${inner}\tenvironments\0`);
  const commit = await repository.git("commit-tree", "-m", "hostile", root);
  await repository.git("update-ref", "refs/heads/main", commit);

  const badPath = { code: "K2008", outcome: { kind: "stalled" } };
  const local = await readCommit({ repository: repository.path, revision: "main", timeoutMs });
  await expect(local.readFiles(["environments/"])).rejects.toMatchObject(badPath);
  expect((await local.readFiles(["releases/"])).size).toBe(0);

  await using server = await startGitServer();
  const remote = await server.createRepository("state");
  await repository.git("push", "--quiet", remote, "main");
  const source = { url: server.url("state"), branch: "main" };
  const fetched = await fetchSnapshot({ source, gitDir: node.join("git"), timeoutMs });
  await expect(fetched.readFiles(["environments/"])).rejects.toMatchObject(badPath);
  expect((await fetched.readFiles(["releases/"])).size).toBe(0);
});

describe("a commit with a tree that Git would not write", () => {
  const entry = (mode: string, name: string | Buffer, oid: string) =>
    Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.of(0), Buffer.from(oid, "hex")]);
  type Entries = (of: { blob: string; tree: string }) => Buffer[];

  it.each<[string, Entries]>([
    ["a file twice", ({ blob }) => [entry("100644", "a", blob), entry("100755", "a", blob)]],
    ["a folder twice", ({ tree }) => [entry("40000", "a", tree), entry("40000", "a", tree)]],
    ["a file and a folder", ({ blob, tree }) => [entry("100644", "a", blob), entry("40000", "a", tree)]],
    [
      "a file, a folder and what is sorted between them",
      ({ blob, tree }) => [
        entry("100644", "a", blob),
        entry("100644", "a-b", blob),
        entry("40000", "a", tree),
      ],
    ],
    ["entries in the wrong order", ({ blob }) => [entry("100644", "b", blob), entry("100644", "a", blob)]],
    ["a path for a name", ({ blob }) => [entry("100644", "a/b", blob)]],
    // As git ls-tree prints it, the folder has two files.
    ["a path into a folder", ({ blob, tree }) => [entry("40000", "a", tree), entry("100644", "a/z", blob)]],
    ["a folder whose name is a path", ({ tree }) => [entry("40000", "a/b", tree)]],
    ["a folder that climbs", ({ tree }) => [entry("40000", "..", tree)]],
    ["the folder itself", ({ tree }) => [entry("40000", ".", tree)]],
    ["a folder that is Git's own", ({ tree }) => [entry("40000", ".git", tree)]],
    ["a name that Windows takes for Git's own", ({ blob }) => [entry("100644", "git~1", blob)]],
    ["a name that is not UTF-8", ({ blob }) => [entry("100644", Buffer.from([0x61, 0xff]), blob)]],
  ])("has no files, read by either reader: %s", async (_, entries) => {
    await using repository = await makeGitRepository();
    await using node = await makeTempFolder("keelson-node-");
    const write = async (...of: Buffer[]) =>
      (
        await outputOf(
          ["git", "-C", repository.path, "hash-object", "-t", "tree", "--literally", "-w", "--stdin"],
          { input: Buffer.concat(of) },
        )
      ).trim();
    const blob = await hash(repository.path, "x");
    const tree = await write(entry("100644", "f", blob));
    const inner = await write(...entries({ blob, tree }));
    const root = await write(entry("40000", "other", tree), entry("40000", "releases", inner));
    const commit = await repository.git("commit-tree", "-m", "hostile", root);
    await repository.git("update-ref", "refs/heads/main", commit);

    const badPath = { code: "K2008", outcome: { kind: "stalled" } };
    const local = await readCommit({ repository: repository.path, revision: "main", timeoutMs });
    await expect(local.readFiles(["releases/"])).rejects.toMatchObject(badPath);
    expect([...(await local.readFiles(["other/"])).keys()]).toEqual(["other/f"]);

    await using server = await startGitServer();
    const remote = await server.createRepository("state");
    await repository.git("push", "--quiet", remote, "main");
    const source = { url: server.url("state"), branch: "main" };
    const fetched = await fetchSnapshot({ source, gitDir: node.join("git"), timeoutMs });
    await expect(fetched.readFiles(["releases/"])).rejects.toMatchObject(badPath);
    expect([...(await fetched.readFiles(["other/"])).keys()]).toEqual(["other/f"]);
  });
});

async function hash(repository: string, input: string): Promise<string> {
  return (await outputOf(["git", "-C", repository, "hash-object", "-w", "--stdin"], { input })).trim();
}
