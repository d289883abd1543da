import { readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { decodeText } from "@keelson/model";
import type { Snapshot } from "@keelson/model";
import { expect, it } from "vitest";

import { makeTempFolder, startStateServer } from "@keelson/test/support";
import type { Credentials } from "@keelson/test/support";
import { fileLimits } from "./file-set.ts";
import { fetchSnapshot, readTracked } from "./fetch-snapshot.ts";
import { unpackObjects } from "./test-copy.ts";

/** A server with the repository `state`, a work tree that pushes to it, and a node that has nothing yet. */
async function setUp({ credentials }: { credentials?: Credentials } = {}) {
  await using stack = new AsyncDisposableStack();
  const { server, url, repository } = stack.use(await startStateServer({ credentials }));
  const node = stack.use(await makeTempFolder("keelson-node-"));
  const gitDir = node.join("git");
  const cleanUp = stack.move();
  return {
    server,
    repository,
    node,
    url,
    gitDir,
    fetch: (branch = "main") => fetchSnapshot({ source: { url, branch }, gitDir, timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

async function textOf(revision: Snapshot, path: string): Promise<string | undefined> {
  const file = (await revision.readFiles([path])).get(path);
  return file === undefined ? undefined : decodeText(file.bytes);
}

it("brings the branch and reads its files without a checkout", async () => {
  await using at = await setUp();
  const first = await at.repository.commit({
    files: { "environments/lab/lock.yaml": "a: 1\n" },
    message: "one",
  });
  await at.repository.git("tag", "v1");
  const commit = await at.repository.commit({
    files: {
      "environments/lab/nodes/n1.yaml": "name: n1\n",
      "releases/x/1.0.0/run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
      "docs/readme.md": "not asked for",
    },
    message: "two\n\nand more",
  });
  await at.repository.git("push", "--quiet", "--tags", "origin", "main", "main:refs/heads/other");

  const revision = await at.fetch();

  expect(revision).toMatchObject({ commit, ref: "refs/heads/main", subject: "two", fetched: true });
  expect(revision.author).toBe("Ada Author <ada@example.org>");
  expect(revision.committedAt?.toISOString()).toBe("2026-01-01T00:02:00.000Z");
  const files = await revision.readFiles(["releases/", "environments/"]);
  expect([...files].map(([path, file]) => [path, file.mode, decodeText(file.bytes)])).toEqual([
    ["environments/lab/lock.yaml", "100644", "a: 1\n"],
    ["environments/lab/nodes/n1.yaml", "100644", "name: n1\n"],
    ["releases/x/1.0.0/run.sh", "100755", "#!/bin/sh\n"],
  ]);
  expect(await revision.listPaths(["docs/", "releases/x/1.0.0/run.sh", "none"])).toEqual([
    "docs/readme.md",
    "releases/x/1.0.0/run.sh",
  ]);
  // All history of the one branch, in a folder that Git itself takes for a repository; nothing beside it.
  const git = (...args: string[]) => at.repository.git("--git-dir", at.gitDir, ...args);
  expect(await git("log", "--format=%H")).toBe(`${commit}\n${first}`);
  expect(await git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/tracked");
  await git("fsck", "--strict");
  expect(await readdir(at.node.path)).toEqual(["git"]);
  expect((await stat(at.gitDir)).mode & 0o777).toBe(0o700);
});

it("asks for the ref once and writes nothing while the branch has not moved", async () => {
  await using at = await setUp();
  const commit = await at.repository.commit({ files: { a: "1" } });
  await at.repository.push();
  await at.fetch();
  const before = await listWithTimes(at.node.path);
  at.server.requests.splice(0);

  const revision = await at.fetch();

  expect(revision).toMatchObject({ commit, fetched: false });
  expect(await textOf(revision, "a")).toBe("1");
  expect(at.server.requests).toEqual([
    { method: "GET", path: "/state.git/info/refs?service=git-upload-pack" },
    { method: "POST", path: "/state.git/git-upload-pack" },
  ]);
  expect(await listWithTimes(at.node.path)).toEqual(before);
});

it("fetches only what is new once the branch has moved", async () => {
  await using at = await setUp();
  const large = Array.from({ length: 3_000 }, (_, index) => String((index * 7919) % 104_729)).join("\n");
  await at.repository.commit({ files: { a: "1", large } });
  await at.repository.push();
  await at.fetch();
  const commit = await at.repository.commit({ files: { a: "2" } });
  await at.repository.push();

  const revision = await at.fetch();

  expect(revision).toMatchObject({ commit, fetched: true });
  expect(await textOf(revision, "a")).toBe("2");
  expect(await textOf(revision, "large")).toBe(large);
  const packs = join(at.gitDir, "objects", "pack");
  const sizes = await Promise.all(
    (await readdir(packs))
      .filter((name) => name.endsWith(".pack"))
      .map(async (name) => (await readFile(join(packs, name))).length),
  );
  expect(sizes).toHaveLength(2);
  expect(Math.min(...sizes)).toBeLessThan(1_000);
});

it("follows a branch that was rewound, and another branch, in the same copy, where nobody says after what", async () => {
  await using at = await setUp();
  const first = await at.repository.commit({ files: { a: "1" } });
  await at.repository.commit({ files: { a: "2" } });
  await at.repository.push();
  await at.fetch();

  await at.repository.reset(first);
  await at.repository.push({ force: true });
  expect(await at.fetch()).toMatchObject({ commit: first });

  const forked = await at.repository.commit({ files: { a: "3" } });
  await at.repository.push({ force: true });
  const revision = await at.fetch();
  expect(revision.commit).toBe(forked);
  expect(await textOf(revision, "a")).toBe("3");

  // A name below another branch's, which a folder of refs could not hold beside it.
  await at.repository.git("push", "--quiet", "origin", `${first}:refs/heads/site/a`);
  expect(await at.fetch("site/a")).toMatchObject({ commit: first, ref: "refs/heads/site/a" });
});

it("brings a branch of a repository whose default branch is not there", async () => {
  await using at = await setUp();
  const first = await at.repository.commit({ files: { a: "1" } });
  await at.repository.push();
  const remote = await at.repository.git("remote", "get-url", "origin");
  await at.repository.git("--git-dir", remote, "symbolic-ref", "HEAD", "refs/heads/master");
  expect(await at.fetch()).toMatchObject({ commit: first });
  const second = await at.repository.commit({ files: { a: "2" } });
  await at.repository.push();
  expect(await at.fetch()).toMatchObject({ commit: second });
});

it("throws K2003 for a branch or repository that is not there", async () => {
  await using at = await setUp();
  await expect(at.fetch()).rejects.toMatchObject({ code: "K2003", outcome: { kind: "stalled" } });
  await at.repository.commit({ files: { a: "1" } });
  await at.repository.git("push", "--quiet", "origin", "main:refs/heads/main-2");
  await expect(at.fetch()).rejects.toMatchObject({ code: "K2003" });
  const source = { url: at.server.url("no-such"), branch: "main" };
  const input = { source, gitDir: at.gitDir, timeoutMs: 60_000 };
  await expect(fetchSnapshot(input)).rejects.toMatchObject({ code: "K2003" });
  expect(await readdir(at.node.path)).toEqual([]);
});

it("refuses a branch that could be an option, before anything is asked", async () => {
  await using at = await setUp();
  for (const branch of ["--upload-pack=touch hit", "-x", "a..b", "main:refs/heads/x", ""]) {
    await expect(at.fetch(branch)).rejects.toMatchObject({ code: "K2006", outcome: { kind: "stalled" } });
  }
  expect(at.server.requests).toEqual([]);
});

it("gives links and submodules as entries and follows neither", async () => {
  await using at = await setUp();
  await at.repository.write({ "environments/real.yaml": "real" });
  await symlink("/etc/passwd", join(at.repository.path, "environments/outside"));
  await symlink("../environments", join(at.repository.path, "environments/loop"));
  const commit = await at.repository.commit();
  await at.repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},environments/module`);
  await at.repository.git("commit", "--quiet", "--message", "submodule");
  await at.repository.push();

  const files = await (await at.fetch()).readFiles(["environments/"]);

  expect([...files.values()].map(({ path, mode, bytes }) => [path, mode, decodeText(bytes)])).toEqual([
    ["environments/loop", "120000", "../environments"],
    ["environments/module", "160000", ""],
    ["environments/outside", "120000", "/etc/passwd"],
    ["environments/real.yaml", "100644", "real"],
  ]);
});

it("leaves out the bytes of a file over the limit, whichever that is, and reads the others", async () => {
  await using at = await setUp();
  const sizeBytes = fileLimits.fileBytes + 1;
  await at.repository.commit({ files: { "a/big.bin": new Uint8Array(sizeBytes), "a/small": "1" } });
  await at.repository.push();
  const input = { source: { url: at.url, branch: "main" }, gitDir: at.gitDir, timeoutMs: 60_000 };
  const read = async (revision: Snapshot | null) =>
    [...((await revision?.readFiles(["a/"])) ?? [])].map(([path, file]) => [
      path,
      file.bytes.length,
      file.tooLarge,
    ]);
  expect(await read(await fetchSnapshot(input))).toEqual([
    ["a/big.bin", 0, { sizeBytes, limitBytes: fileLimits.fileBytes }],
    ["a/small", 1, undefined],
  ]);
  const whole = [
    ["a/big.bin", sizeBytes, undefined],
    ["a/small", 1, undefined],
  ];
  expect(await read(await fetchSnapshot({ ...input, fileBytes: sizeBytes }))).toEqual(whole);
  expect(await read(await readTracked({ ...input, fileBytes: sizeBytes }))).toEqual(whole);
});

it("reads only what is asked for, and makes a new copy once something of it turned out to be missing", async () => {
  await using at = await setUp();
  await at.repository.commit({ files: { "environments/a": "1", "releases/deep/b": "2" } });
  const lost = await at.repository.git("rev-parse", "HEAD:releases/deep");
  await at.repository.push();
  await at.fetch();
  await unpackObjects(at.gitDir);
  await rm(join(at.gitDir, "objects", lost.slice(0, 2), lost.slice(2)));

  const damaged = await at.fetch();
  expect(damaged.fetched).toBe(false);
  expect((await damaged.readFiles(["environments/"])).size).toBe(1);
  await expect(damaged.readFiles(["releases/"])).rejects.toMatchObject({
    code: "K2009",
    outcome: { kind: "transient" },
  });

  const healed = await at.fetch();
  expect(healed.fetched).toBe(true);
  expect(await textOf(healed, "releases/deep/b")).toBe("2");
});

it("sends the credential at once, from a file, a command or the URL, and stores it nowhere", async () => {
  const credentials = { username: "ada", password: "s3cret-pass" };
  await using at = await setUp({ credentials });
  const commit = await at.repository.commit({ files: { a: "1" } });
  await at.repository.push();
  const file = at.node.join("token");
  await writeFile(file, "ada:s3cret-pass\n");
  const inUrl = at.url.replace("http://", "http://ada:s3cret-pass@");
  const sources = [
    { url: at.url, branch: "main", credential: { file } },
    { url: at.url, branch: "main", credential: { command: ["printf", "ada:s3cret-pass\\nmore"] } },
    { url: inUrl, branch: "main" },
  ];
  for (const source of sources) {
    at.server.requests.splice(0);
    const revision = await fetchSnapshot({ source, gitDir: at.gitDir, timeoutMs: 60_000 });
    expect(revision.commit).toBe(commit);
    expect(at.server.requests).toHaveLength(source === sources[0] ? 4 : 2);
  }
  for (const path of await listFiles(at.gitDir)) {
    expect(await readFile(path, "latin1")).not.toContain("s3cret-pass");
  }
});

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function listWithTimes(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  const times = await Promise.all(paths.map(async (path) => (await stat(join(folder, path))).mtimeMs));
  return paths.map((path, index) => `${path} ${times[index]}`).sort();
}
