import { readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, openGitObjects, startStateServer } from "@keelson/test/support";
import type { Credentials } from "@keelson/test/support";
import { publishStatus } from "./publish-status.ts";
import { readStatuses } from "./read-statuses.ts";
import { configureStatusRefspec, fetchStatusRefs } from "./status-refspec.ts";
import type { StatusForm } from "./status-ref.ts";

/** A server with a commit on `main`, a user's clone of it, and nodes that publish. */
async function setUp({ credentials }: { credentials?: Credentials } = {}) {
  await using stack = new AsyncDisposableStack();
  const at = stack.use(await startStateServer({ credentials }));
  const { path, repository, url } = at;
  // As users have it.
  await repository.git("remote", "set-url", "origin", url);
  const folder = stack.use(await makeTempFolder("keelson-reader-"));
  const commit = await repository.commit({ message: "one" });
  await repository.git("push", "--quiet", path, "main");
  const cleanUp = stack.move();
  const gitDir = folder.join("reader");
  return {
    ...at,
    gitDir,
    commit,
    publish: (
      place: string,
      json: string,
      { as = "notes", about = commit }: { as?: StatusForm; about?: string } = {},
    ) => {
      const [environment = "", node = ""] = place.split("/");
      const at = { url: path, gitDir: folder.join(`${environment}-${node}`), timeoutMs: 60_000 };
      return publishStatus({
        ...at,
        as,
        environment,
        node,
        commit: about,
        files: () => ({ json, markdown: "# x" }),
      });
    },
    read: (options: { timeoutMs?: number } = {}) =>
      readStatuses({ url, gitDir, timeoutMs: 60_000, ...options }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

const ask = "GET /state.git/info/refs?service=git-upload-pack";
const post = "POST /state.git/git-upload-pack";

it("reads all nodes of all environments in both forms, and then brings only what has moved", async () => {
  await using at = await setUp();
  expect(await at.read()).toEqual([]);
  await at.publish("lab/n1", '{"seq":1}\n\n');
  await at.publish("lab/n2", "{}", { as: "branch" });
  await at.publish("clinic/n1", "c");
  at.takeRequests();
  const statuses = await at.read();
  expect(at.takeRequests()).toEqual([ask, post, post]);
  const expected = [
    { environment: "clinic", node: "n1", ref: "refs/notes/keelson/clinic/n1", json: "c" },
    { environment: "lab", node: "n1", ref: "refs/notes/keelson/lab/n1", json: '{"seq":1}\n\n' },
    { environment: "lab", node: "n2", ref: "refs/heads/keelson/status/lab/n2", json: "{}" },
  ].map((row) => ({ ...row, commit: at.commit, updatedAt: expect.any(Date) }));
  expect(statuses).toEqual(expected);
  expect(Date.now() - (statuses[0]?.updatedAt?.getTime() ?? 0)).toBeLessThan(600_000);

  expect(await at.read()).toEqual(expected);
  expect(at.takeRequests()).toEqual([ask, post]);

  const next = await at.repository.commit();
  await at.publish("lab/n1", "2", { about: next });
  expect(await at.read()).toContainEqual(expect.objectContaining({ node: "n1", json: "2", commit: next }));
  expect(at.takeRequests()).toEqual([ask, post, post]);
  await at.repository.git("--git-dir", at.gitDir, "fsck");

  // The same from the repository that the nodes push to.
  const local = await readStatuses({ url: at.path, gitDir: "/nonexistent", timeoutMs: 60_000 });
  expect(local).toEqual(await at.read());
  expect(local).toHaveLength(3);
});

it("forgets a node whose ref is gone, and mends or renews its folder", async () => {
  await using at = await setUp();
  await at.publish("lab/n1", "1");
  await at.publish("lab/n2", "2");
  const both = await at.read();
  const packs = join(at.gitDir, "objects/pack");
  for (const name of await readdir(packs)) await truncate(join(packs, name), 20);
  expect(await at.read()).toEqual(both);
  await rm(at.gitDir, { recursive: true });
  expect(await at.read()).toEqual(both);
  await at.repository.git("--git-dir", at.path, "update-ref", "-d", "refs/notes/keelson/lab/n1");
  expect(await at.read()).toEqual(both.slice(1));
});

it("makes its folder anew when it has taken many fetches", async () => {
  await using at = await setUp();
  await at.publish("lab/n1", "1");
  await at.read();
  const packs = join(at.gitDir, "objects/pack");
  for (let count = 0; count < 40; count++) await writeFile(join(packs, `${count}.pack`), "");
  expect(await at.read()).toMatchObject([{ json: "1" }]);
  expect(await readdir(packs)).toHaveLength(2);
});

it("shows a ref that holds something else than a status as that, and the others all the same", async () => {
  await using at = await setUp();
  await at.publish("lab/n1", "1");
  const git = (...args: string[]) => at.repository.git("--git-dir", at.path, ...args);
  await git("update-ref", "refs/notes/keelson/lab/foreign", at.commit);
  await git("update-ref", "refs/heads/keelson/status/lab/foreign", at.commit);
  await git("update-ref", "refs/notes/keelson/lab/tree", `${at.commit}^{tree}`);
  await git("update-ref", "refs/notes/keelson/lab/n1/deep", at.commit).catch(
    () => "one cannot be beside the other",
  );
  await git("update-ref", "refs/notes/keelson/a/b/c", at.commit);
  await git("update-ref", "refs/notes/keelson/UPPER/n", at.commit);
  const big = await at.repository.commit({
    files: { "status.json": "x".repeat(300_000) },
    message: `status of ${at.commit}`,
  });
  await at.repository.git("push", "--quiet", at.path, `${big}:refs/heads/keelson/status/lab/big`);
  const rows = (await at.read()).map(({ ref, json }) => [ref.replace("refs/", ""), json]);
  const expected = [
    ["heads/keelson/status/lab/big", ""],
    ["heads/keelson/status/lab/foreign", ""],
    ["notes/keelson/lab/foreign", ""],
    ["notes/keelson/lab/n1", "1"],
    ["notes/keelson/lab/tree", ""],
  ];
  expect(rows).toEqual(expected);
  at.takeRequests();
  await at.read();
  expect(at.takeRequests()).toEqual([ask, post]);
  const local = await readStatuses({ url: at.path, gitDir: "/nonexistent", timeoutMs: 60_000 });
  expect(local.map(({ ref, json }) => [ref.replace("refs/", ""), json])).toEqual(expected);
});

it("is told apart: gone, hanging, asking for a login, no repository", async () => {
  await using at = await setUp({ credentials: { username: "ada", password: "s3cret" } });
  await expect(at.read()).rejects.toMatchObject({ code: "K2002" });
  at.server.setBehaviour({ kind: "hang" });
  await expect(at.read({ timeoutMs: 300 })).rejects.toMatchObject({ code: "K2005" });
  at.server.setBehaviour({ kind: "fail", status: 404 });
  await expect(at.read()).rejects.toMatchObject({ code: "K2003" });
  await at.server.stop();
  await expect(at.read()).rejects.toMatchObject({ code: "K2001" });
  await expect(readStatuses({ repository: "/", remote: "origin" })).rejects.toMatchObject({ code: "K2004" });
});

it("sets a user's clone up once, so that plain Git fetches and shows the statuses, and reads them there", async () => {
  await using at = await setUp();
  await at.publish("lab/n1", "the note");
  await at.publish("lab/n2", "the branch", { as: "branch" });
  const clone = { repository: at.repository.path, remote: "origin" };
  expect(await configureStatusRefspec(clone)).toBe(true);
  expect(await configureStatusRefspec(clone)).toBe(false);
  expect(await at.repository.git("config", "--get-all", "remote.origin.fetch")).toBe(
    "+refs/heads/*:refs/remotes/origin/*\n+refs/notes/keelson/*:refs/notes/keelson/*",
  );
  await at.repository.git("fetch", "--quiet");
  expect(await at.repository.git("log", "--notes=keelson/*", "main")).toContain("the note");
  const expected = [
    expect.objectContaining({ node: "n1", json: "the note", commit: at.commit }),
    expect.objectContaining({ ref: "refs/heads/keelson/status/lab/n2", node: "n2", json: "the branch" }),
  ];
  expect(await readStatuses(clone)).toEqual(expected);
});

it("fetches the statuses into a clone of one branch that was never set up, and forgets those that are gone", async () => {
  await using at = await setUp();
  await at.repository.git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main");
  const clone = { repository: at.repository.path, remote: "origin" };
  await at.publish("lab/n1", "1");
  await at.publish("lab/n2", "2", { as: "branch" });
  await fetchStatusRefs(clone);
  expect(await readStatuses(clone)).toMatchObject([{ json: "1" }, { json: "2" }]);
  await at.repository.git("--git-dir", at.path, "update-ref", "-d", "refs/notes/keelson/lab/n1");
  await fetchStatusRefs(clone);
  expect(await readStatuses(clone)).toMatchObject([{ json: "2" }]);
  expect(await configureStatusRefspec(clone)).toBe(true);
  expect(await at.repository.git("config", "--get-all", "remote.origin.fetch")).toContain("keelson/status");
  await at.server.stop();
  await expect(fetchStatusRefs(clone)).rejects.toMatchObject({ code: "K2001" });
});

it("fetches with them the branches that a clone follows, which tell what the nodes should be at", async () => {
  await using at = await setUp();
  const clone = { repository: at.repository.path, remote: "origin" };
  await at.repository.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
  await at.publish("lab/n1", "1", { as: "branch" });
  await fetchStatusRefs(clone);
  expect(await at.repository.git("rev-parse", "refs/remotes/origin/main")).toBe(at.commit);
  expect(await readStatuses(clone)).toMatchObject([{ json: "1" }]);
});

it("takes no branch for a node's that only ends like one, and none of another remote", async () => {
  await using at = await setUp();
  const git = (...args: string[]) => at.repository.git(...args);
  const ref = "refs/heads/keelson/status/lab/n1";
  const message = `status of ${at.commit}`;
  const own = await at.repository.commit({ files: { "status.json": "true" }, message });
  await git("push", "--quiet", at.path, `${own}:${ref}`);
  // Later than the node's own.
  await at.publish("lab/n1", "forged", { as: "branch" });
  const forged = await git("--git-dir", at.path, "rev-parse", ref);
  await git("--git-dir", at.path, "update-ref", ref, own);
  await git("fetch", "--quiet", at.path, forged);
  const clone = { repository: at.repository.path, remote: "origin" };
  for (const prefix of ["feature/", "origin/", "refs/heads/", "refs/remotes/origin/"])
    await git("push", "--quiet", at.path, `${forged}:refs/heads/${prefix}keelson/status/lab/n1`);
  await git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
  await git("remote", "add", "origin/fork", at.path);
  await fetchStatusRefs(clone);
  for (const remote of ["fork", "origin/fork"])
    await git("update-ref", `refs/remotes/${remote}/keelson/status/lab/n1`, forged);
  // The user's own branch of that name is not what the node says now.
  await git("update-ref", ref, forged);
  expect(await readStatuses(clone)).toMatchObject([{ node: "n1", json: "true" }]);
  const fork = { ...clone, remote: "origin/fork" };
  expect(await readStatuses(fork)).toMatchObject([{ node: "n1", json: "forged" }]);
});

it.each(["", "--upload-pack=touch x", "upstream", "ext::sh -c x", "/tmp"])(
  "K2004 for the remote %j, which is none",
  async (remote) => {
    await using repository = await makeGitRepository({ remote: "/nonexistent" });
    const clone = { repository: repository.path, remote };
    await expect(fetchStatusRefs(clone)).rejects.toMatchObject({ code: "K2004" });
    await expect(configureStatusRefspec(clone)).rejects.toMatchObject({ code: "K2004" });
  },
);

/** Refs of nodes with huge foreign content, beside those of 12 others. */
async function addBombs({ path, commit, publish }: Awaited<ReturnType<typeof setUp>>): Promise<string[]> {
  const nodes = Array.from({ length: 12 }, (_, index) => `lab/n${index}`);
  for (const node of nodes) await publish(node, node);
  const objects = openGitObjects(path);
  const message = `status of ${commit}\n`;
  const ids = Array.from({ length: 3_000 }, (_, index) => index.toString(16).padStart(40, "0"));
  const small = await objects.blob("{}");
  const tree = await objects.tree({ [commit]: small });
  const bombs = {
    blob: await objects.commit({
      message,
      tree: await objects.tree({ [commit]: await objects.blob(new Uint8Array(30_000_000)) }),
    }),
    notes: await objects.commit({
      message,
      tree: await objects.tree(Object.fromEntries(ids.map((id) => [id, small]))),
    }),
    message: await objects.commit({ message: `${message}\n${"x".repeat(80_000_000)}\n`, tree }),
  };
  for (const [node, oid] of Object.entries(bombs)) {
    await objects.git("update-ref", `refs/notes/keelson/lab/${node}`, oid);
  }
  return nodes;
}

it("shows all nodes but those whose refs are too large, and asks for these only once", async () => {
  await using at = await setUp();
  const nodes = await addBombs(at);
  const shown = (rows: Awaited<ReturnType<typeof at.read>>) =>
    rows.filter(({ json }) => json !== "").map(({ json }) => json);
  const rows = await at.read();
  expect(shown(rows).sort()).toEqual(nodes.sort());
  expect(rows).toHaveLength(nodes.length + 3);
  at.takeRequests();
  expect(await at.read()).toEqual(rows);
  expect(at.takeRequests()).toEqual([ask, post]);
  // So does a repository on this machine, and a user's clone.
  expect(
    shown(await readStatuses({ url: at.path, gitDir: "/nonexistent", timeoutMs: 60_000 })).sort(),
  ).toEqual(nodes);
  const clone = { repository: at.repository.path, remote: "origin" };
  const left = await fetchStatusRefs(clone);
  expect(left).toEqual([{ environment: "lab", node: "message", ref: "refs/notes/keelson/lab/message" }]);
  expect(shown(await readStatuses(clone)).sort()).toEqual(nodes);
  // Fetched again after the ref was repaired.
  await at.repository.git("--git-dir", at.path, "update-ref", "-d", "refs/notes/keelson/lab/message");
  await at.publish("lab/message", "mended");
  expect(await fetchStatusRefs(clone)).toEqual([]);
  expect(shown(await readStatuses(clone))).toContain("mended");
});

it("fetches the statuses into one clone several times at once", async () => {
  await using at = await setUp();
  const { path } = at.repository;
  const nodes = Array.from({ length: 12 }, (_, index) => `lab/n${index}`);
  for (let round = 1; round <= 2; round++) {
    for (const place of nodes) await at.publish(place, `{"seq":${round}}`);
    const clones = Array.from({ length: 6 }, async () => {
      const left = await fetchStatusRefs({ repository: path, remote: "origin" });
      await configureStatusRefspec({ repository: path, remote: "origin" });
      return left;
    });
    expect(await Promise.all(clones)).toEqual(clones.map(() => []));
    const statuses = await readStatuses({ repository: path, remote: "origin" });
    expect(statuses.map(({ json }) => json)).toEqual(nodes.map(() => `{"seq":${round}}`));
  }
});
