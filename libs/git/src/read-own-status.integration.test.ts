import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { makeTempFolder, outputOf, startGitServer } from "@keelson/test/support";
import { publishStatus } from "./publish-status.ts";
import { readOwnStatus } from "./read-own-status.ts";
import type { ReadOwnStatusInput } from "./read-own-status.ts";
import { unpackObjects } from "./test-copy.ts";

const commit = "a".repeat(40);

/** Two servers' repositories, and a node. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startGitServer());
  const path = await server.createRepository("state");
  const otherPath = await server.createRepository("other");
  const node = stack.use(await makeTempFolder("keelson-node-"));
  const gitDir = node.join("report");
  const place: ReadOwnStatusInput = {
    as: "notes",
    environment: "lab",
    node: "n1",
    url: server.url("state"),
    gitDir,
    timeoutMs: 60_000,
  };
  const cleanUp = stack.move();
  return {
    server,
    path,
    otherPath,
    node,
    gitDir,
    read: (at: Partial<ReadOwnStatusInput> = {}) => readOwnStatus({ ...place, ...at }),
    publish: (json: string, at: Partial<ReadOwnStatusInput> = {}) =>
      publishStatus({ ...place, ...at, commit, files: () => ({ json }) }),
    countRequests: () => server.requests.splice(0).length,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

it.each(["notes", "branch"] as const)(
  "is what was published last as %s, without asking anybody",
  async (as) => {
    await using at = await setUp();
    expect(await at.read({ as })).toBeNull();
    for (const json of ['{"seq":1}', '{"seq":2} \n']) {
      await at.publish(json, { as });
      at.countRequests();
      expect(await at.read({ as })).toEqual({ commit, updatedAt: expect.any(Date), json });
      expect(at.countRequests()).toBe(0);
    }
    await at.server.stop();
    expect(await at.read({ as })).toMatchObject({ json: '{"seq":2} \n' });
  },
);

it.each<[string, (gitDir: string) => Promise<void>]>([
  ["lost", (gitDir) => rm(gitDir, { recursive: true })],
  [
    "a file",
    async (gitDir) => {
      await rm(gitDir, { recursive: true });
      await writeFile(gitDir, "");
    },
  ],
  ["without objects", (gitDir) => rm(join(gitDir, "objects"), { recursive: true })],
  [
    "without one object",
    async (gitDir) => {
      await unpackObjects(gitDir);
      const objects = join(gitDir, "objects");
      const found = (await readdir(objects, { recursive: true })).filter((path) => /^..\/.{38}$/.test(path));
      for (const path of found.slice(0, 1)) await rm(join(objects, path));
    },
  ],
])("is fetched when its folder is %s, once, so that the next one builds upon it", async (_, damage) => {
  await using at = await setUp();
  await at.publish("1", { node: "n2", gitDir: at.node.join("other") });
  await at.publish("1");
  await at.publish("2");
  await damage(at.gitDir);
  expect(await at.read()).toMatchObject({ commit, json: "2" });
  expect(at.countRequests()).toBeGreaterThan(0);
  expect(await at.read()).toMatchObject({ json: "2" });
  expect(at.countRequests()).toBe(0);
  expect(await at.publish("2")).toMatchObject({ pushed: false });
  expect(await at.publish("3")).toMatchObject({ pushed: true });
  expect(await at.read()).toMatchObject({ json: "3" });
  expect((await readdir(at.node.path)).sort()).toEqual(["other", "report"]);
});

it("is read from what a kill while the folder was made anew left beside it, and built upon", async () => {
  await using at = await setUp();
  await at.publish("1");
  const kill = () => rename(at.gitDir, `${at.gitDir}.replaced`);
  await kill();
  await at.server.stop();
  expect(await at.read()).toMatchObject({ json: "1" });
  await at.server.start();
  await kill();
  at.countRequests();
  expect(await at.publish("1")).toMatchObject({ pushed: false });
  expect(at.countRequests()).toBe(0);
});

it("of one place is none of another: URL, form, environment or node", async () => {
  await using at = await setUp();
  await at.publish("state");
  await at.publish("as branch", { as: "branch", gitDir: at.node.join("seed") });
  expect(await at.read({ url: at.server.url("other") })).toBeNull();
  expect(await at.read({ url: at.otherPath })).toBeNull();
  expect(await at.read({ as: "branch" })).toMatchObject({ json: "as branch" });
  expect(await at.read({ environment: "other" })).toBeNull();
  expect(await at.read({ node: "n2" })).toBeNull();
  // Nor is it built upon there.
  expect(await at.publish("state", { url: at.otherPath })).toMatchObject({ pushed: true });
  expect(await at.read()).toMatchObject({ json: "state" });
  expect(await at.publish("state")).toMatchObject({ pushed: false });
  expect((await readdir(at.node.path)).sort()).toEqual(["report", "seed"]);
});

it("stays the same when only the login in the URL is another", async () => {
  await using at = await setUp();
  await at.publish("1");
  at.countRequests();
  const url = at.server.url("state").replace("http://", "http://ada:secret@");
  expect(await at.read({ url })).toMatchObject({ json: "1" });
  expect(at.countRequests()).toBe(0);
});

it("is empty where the ref holds something else, and an error where nobody can be asked", async () => {
  await using at = await setUp();
  await at.publish("1");
  await at.publish("as branch", { as: "branch" });
  const refs = ["refs/notes/keelson/lab/n1", "refs/heads/keelson/status/lab/n1"] as const;
  const [notes = "", branch = ""] = await Promise.all(
    refs.map(async (ref) => (await outputOf(["git", "--git-dir", at.path, "rev-parse", ref])).trim()),
  );
  expect(notes).not.toBe(branch);
  await outputOf(["git", "--git-dir", at.path, "update-ref", refs[1], notes]);
  await rm(at.gitDir, { recursive: true });
  expect(await at.read({ as: "branch" })).toMatchObject({ json: "" });
  await rm(at.gitDir, { recursive: true });
  await at.server.stop();
  await expect(at.read()).rejects.toMatchObject({ code: "K2001", outcome: { kind: "transient" } });
});

it("is read where the repository is on this machine", async () => {
  await using at = await setUp();
  await at.publish("1", { url: at.path });
  await rm(at.gitDir, { recursive: true });
  expect(await at.read({ url: at.path })).toMatchObject({ commit, json: "1" });
});
