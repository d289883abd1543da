import { chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { randomBytes } from "node:crypto";

import { decodeText } from "@keelson/model";
import { afterEach, expect, it, vi } from "vitest";

import { isRunning, makeGitRepository, makeTempFolder, openGitObjects, waitFor } from "@keelson/test/support";
import type { GitObjects } from "@keelson/test/support";
import { fetchSnapshot } from "./fetch-snapshot.ts";
import { unpackObjects } from "./test-copy.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const repository = stack.use(await makeGitRepository());
  const node = stack.use(await makeTempFolder("keelson-node-"));
  const gitDir = node.join("git");
  const first = await repository.commit({
    files: { "environments/a": "1", "docs/b": "other" },
    message: "one",
  });
  const cleanUp = stack.move();
  return {
    repository,
    node,
    gitDir,
    first,
    fetch: (source: { url?: string; branch?: string } = {}) =>
      fetchSnapshot({
        source: { url: source.url ?? repository.path, branch: source.branch ?? "main" },
        gitDir,
        timeoutMs: 60_000,
      }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

it("brings a branch from a path and from a file:// URL, and follows it", async () => {
  await using at = await setUp();
  await at.repository.createBranch("other");
  await at.repository.git("tag", "v1");
  const revision = await at.fetch();
  expect(revision).toMatchObject({ commit: at.first, ref: "refs/heads/main", subject: "one", fetched: true });
  expect(revision.author).toBe("Ada Author <ada@example.org>");
  const files = await revision.readFiles(["environments/"]);
  expect([...files].map(([path, { bytes }]) => [path, decodeText(bytes)])).toEqual([["environments/a", "1"]]);

  const url = pathToFileURL(at.repository.path).href;
  expect(await at.fetch({ url })).toMatchObject({ commit: at.first, fetched: false });
  await at.repository.switchTo("main");
  const second = await at.repository.commit({ files: { "environments/a": "2" } });
  const moved = await at.fetch({ url });
  expect(moved).toMatchObject({ commit: second, fetched: true });
  const changed = (await moved.readFiles(["environments/a"])).get("environments/a");
  expect(changed === undefined ? "" : decodeText(changed.bytes)).toBe("2");

  await at.repository.reset(at.first);
  expect(await at.fetch()).toMatchObject({ commit: at.first });
  const refs = await at.repository.git("--git-dir", at.gitDir, "for-each-ref", "--format=%(refname)");
  expect(refs).toBe("refs/heads/tracked");
});

it("reads a bare repository whose path looks like an option or a server", async () => {
  await using at = await setUp();
  await using folder = await makeTempFolder();
  for (const name of ["-x", "--upload-pack=x", "git@host:x.git", "a b"]) {
    const path = folder.join(name);
    await at.repository.git("clone", "--quiet", "--bare", "--", at.repository.path, path);
    expect(await at.fetch({ url: path })).toMatchObject({ commit: at.first });
  }
});

it("throws K2003 for what is no repository or has no such branch", async () => {
  await using at = await setUp();
  await at.repository.git("bundle", "create", at.node.join("bundle"), "main");
  await mkdir(at.node.join("empty"));
  for (const name of ["missing", "empty", "bundle"]) {
    const fetching = at.fetch({ url: at.node.join(name) });
    await expect(fetching).rejects.toMatchObject({ code: "K2003", outcome: { kind: "stalled" } });
  }
  await expect(at.fetch({ branch: "mai" })).rejects.toMatchObject({ code: "K2003" });
  expect(await readdir(at.node.path)).toEqual(["bundle", "empty"]);
});

it("runs no program that a URL, a hook or a configuration names", async () => {
  await using at = await setUp();
  const hit = at.node.join("hit");
  for (const url of [
    `ext::touch ${hit}`,
    `ext::sh -c touch% ${hit}`,
    `ssh://-oProxyCommand=touch ${hit}/x`,
  ]) {
    await expect(at.fetch({ url })).rejects.toMatchObject({ code: "K2006", outcome: { kind: "stalled" } });
  }
  await at.fetch();
  const hook = join(at.gitDir, "hooks/reference-transaction");
  await mkdir(join(at.gitDir, "hooks"), { recursive: true });
  await writeFile(hook, `#!/bin/sh\ntouch ${hit}\n`);
  await chmod(hook, 0o755);
  await writeFile(
    at.node.join(".gitconfig"),
    `[url "ext::touch ${hit}"]\n\tinsteadOf = /\n[protocol]\n\tallow = always\n`,
  );
  vi.stubEnv("HOME", at.node.path);
  vi.stubEnv("GIT_DIR", at.node.join("nowhere"));
  vi.stubEnv("GIT_SSH_COMMAND", `touch ${hit}`);
  await at.repository.commit({ files: { "environments/a": "2" } });
  expect(await at.fetch()).toMatchObject({ fetched: true });
  await expect(readFile(hit)).rejects.toMatchObject({ code: "ENOENT" });
});

it("makes a damaged copy anew", async () => {
  await using at = await setUp();
  await at.fetch();
  await rm(join(at.gitDir, "objects"), { recursive: true });
  expect(await at.fetch()).toMatchObject({ commit: at.first, fetched: true });

  await rm(join(at.gitDir, "objects"), { recursive: true });
  const second = await at.repository.commit({ files: { "environments/a": "2" } });
  expect(await at.fetch()).toMatchObject({ commit: second, fetched: true });

  const blob = await at.repository.git("rev-parse", "HEAD:environments/a");
  await unpackObjects(at.gitDir);
  await rm(join(at.gitDir, "objects", blob.slice(0, 2), blob.slice(2)));
  const revision = await at.fetch();
  expect((await revision.readFiles(["docs/"])).size).toBe(1);
  await expect(revision.readFiles(["environments/"])).rejects.toMatchObject({ code: "K2009" });
  expect((await (await at.fetch()).readFiles(["environments/"])).size).toBe(1);
});

it("makes a copy anew that has taken 40 fetches, however small they were", async () => {
  await using at = await setUp();
  await at.fetch();
  const packs = join(at.gitDir, "objects/pack");
  const count = async () => (await readdir(packs)).filter((name) => name.endsWith(".pack")).length;
  expect(await count()).toBe(1);
  for (let index = 0; index < 37; index++) await writeFile(join(packs, `${index}.pack`), "");
  for (const [content, expected] of [
    ["2", 39],
    ["3", 1],
  ] as const) {
    const commit = await at.repository.commit({ files: { "environments/a": content } });
    expect(await at.fetch()).toMatchObject({ commit, fetched: true });
    expect(await count()).toBe(expected);
  }
});

it("throws K2009 when the repository itself is damaged, and keeps its copy", async () => {
  await using at = await setUp();
  await at.fetch();
  const second = await at.repository.commit({ files: { "environments/a": "2" } });
  const tree = await at.repository.git("rev-parse", "HEAD^{tree}");
  const object = join(at.repository.path, ".git/objects", tree.slice(0, 2), tree.slice(2));
  const bytes = await readFile(object);
  await rm(object);
  await expect(at.fetch()).rejects.toMatchObject({ code: "K2009", outcome: { kind: "transient" } });
  expect(await readFile(join(at.gitDir, "refs/heads/tracked"), "utf8")).toBe(`${at.first}\n`);
  await writeFile(object, bytes);
  expect(await at.fetch()).toMatchObject({ commit: second });
});

it("throws K2010 when there is no git, and needs none for a server", async () => {
  await using at = await setUp();
  vi.stubEnv("PATH", at.node.path);
  await expect(at.fetch()).rejects.toMatchObject({ code: "K2010", outcome: { kind: "stalled" } });
  await expect(at.fetch({ url: "http://127.0.0.1:1/x" })).rejects.toMatchObject({ code: "K2001" });
});

it("throws K2005 when git does not end in time, and ends it", async () => {
  await using at = await setUp();
  const pidFile = at.node.join("pid");
  await writeFile(at.node.join("git"), `#!/bin/sh\necho $$ > ${pidFile}\nexec /bin/sleep 60\n`);
  await chmod(at.node.join("git"), 0o755);
  vi.stubEnv("PATH", `${at.node.path}:${process.env["PATH"] ?? ""}`);
  const source = { url: at.repository.path, branch: "main" };
  // Long enough for the program to have told who it is.
  const fetching = fetchSnapshot({ source, gitDir: at.gitDir, timeoutMs: 5_000 });
  await expect(fetching).rejects.toMatchObject({ code: "K2005", outcome: { kind: "transient" } });
  const pid = Number(await readFile(pidFile, "utf8"));
  await waitFor(async () => !(await isRunning(pid)), { what: "git to end" });
});

it("brings a file that is large and not too large, whole, whatever the program's pace", async () => {
  await using at = await setUp();
  await at.repository.commit({ files: { "docs/film": { content: randomBytes(20_000_000), mode: 0o644 } } });
  const { commit } = await at.fetch();
  await at.repository.git("--git-dir", at.gitDir, "fsck", "--strict", commit);
  const next = await at.repository.commit({ files: { "environments/a": "2" } });
  expect(await at.fetch()).toMatchObject({ commit: next, fetched: true });
  expect(await readdir(at.node.path)).toEqual(["git"]);
});

it.each<[string, (objects: GitObjects, parent: string) => Promise<string>]>([
  [
    "a file of 40 MB",
    async (objects, parent) => {
      const blob = await objects.blob(new Uint8Array(40_000_000));
      return await objects.commit({ tree: await objects.tree({ a: blob }), parent, message: "x" });
    },
  ],
  [
    "a commit of 2 MB",
    async (objects, parent) =>
      await objects.commit({ tree: await objects.tree({}), parent, message: "x".repeat(2_000_000) }),
  ],
  [
    "a commit of 80 MB, for which Git itself has no memory",
    async (objects, parent) =>
      await objects.commit({ tree: await objects.tree({}), parent, message: "x".repeat(80_000_000) }),
  ],
  [
    "a folder of 300,000 files",
    async (objects, parent) => {
      const blob = await objects.blob("");
      const names = Array.from({ length: 300_000 }, (_, index) => [`${index}`, blob]);
      return await objects.commit({
        tree: await objects.tree(Object.fromEntries(names)),
        parent,
        message: "x",
      });
    },
  ],
])("K2017 for %s, and the copy stays as it was until that is gone", async (_, make) => {
  await using at = await setUp();
  await at.fetch();
  const objects = openGitObjects(join(at.repository.path, ".git"));
  await objects.git("update-ref", "refs/heads/main", await make(objects, at.first));
  await expect(at.fetch()).rejects.toMatchObject({ code: "K2017", outcome: { kind: "stalled" } });
  expect(await readdir(at.node.path)).toEqual(["git"]);
  await objects.git("update-ref", "refs/heads/main", at.first);
  expect(await at.fetch()).toMatchObject({ commit: at.first, fetched: false });
});
