import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { formatError } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { makeTempFolder, startStateServer } from "@keelson/test/support";
import { fetchCandidate } from "./fetch-candidate.ts";
import { fetchSnapshot, readTracked } from "./fetch-snapshot.ts";
import type { Follow } from "@keelson/model";
import { countPacks } from "./local-copy.ts";
import { unpackObjects } from "./test-copy.ts";

/** A node that follows `main` of a server, which has two commits, and has the second. */
async function setUp({ over = "http" }: { over?: "http" | "path" } = {}) {
  await using stack = new AsyncDisposableStack();
  const { server, url, path: remote, repository } = stack.use(await startStateServer());
  const node = stack.use(await makeTempFolder("keelson-node-"));
  const gitDir = node.join("git");
  const first = await repository.commit({ files: { a: "1" } });
  const second = await repository.commit({ files: { a: "2" } });
  await repository.push();
  const source = { url: over === "http" ? url : remote, branch: "main" };
  const inputOf = (follow: Partial<Follow>) => ({
    source,
    gitDir,
    timeoutMs: 60_000,
    follow: { after: null, accepted: null, ...follow },
  });
  const fetch = (follow: Partial<Follow>) => fetchSnapshot(inputOf(follow));
  await fetch({});
  const cleanUp = stack.move();
  return {
    server,
    remote,
    repository,
    node,
    gitDir,
    first,
    second,
    fetch,
    judge: (follow: Partial<Follow>) => fetchCandidate(inputOf(follow)),
    tracked: async () => (await readTracked({ gitDir }))?.commit,
    /** Rewinds the branch to a commit, adds one on it where `files` are given, and pushes it by force. */
    rewind: async (to: string, files?: Record<string, string>) => {
      await repository.reset(to);
      const commit = files === undefined ? to : await repository.commit({ files });
      await repository.push({ force: true });
      return commit;
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;

async function expectRefusal(at: SetUp, { follow, commit }: { follow: Partial<Follow>; commit: string }) {
  const verdict = await at.judge(follow);
  if (verdict.kind !== "refused") throw new Error(`the verdict is ${verdict.kind}`);
  expect(verdict.error).toMatchObject({ code: "K2016", outcome: { kind: "stalled" } });
  expect(verdict.commit).toBe(commit);
  return verdict.error;
}

describe("a verdict", () => {
  it("has the snapshot of what may be followed, and the error of what cannot be asked", async () => {
    await using at = await setUp();
    const accepted = await at.judge({ after: at.first });
    expect(accepted).toMatchObject({ kind: "accepted", snapshot: { commit: at.second } });
    await at.server.stop();
    expect(await at.judge({ after: at.first })).toMatchObject({
      kind: "unavailable",
      error: { code: "K2001" },
    });
  });
});

describe("a branch", () => {
  it("moves forward, also by a merge, and over several commits", async () => {
    await using at = await setUp();
    await at.repository.createBranch("side", at.first);
    const side = await at.repository.commit({ files: { side: "1" } });
    await at.repository.switchTo("main");
    await at.repository.commit({ files: { b: "1" } });
    const merge = await at.repository.merge("side");
    await at.repository.push();
    for (const after of [at.second, side, merge]) {
      expect(await at.fetch({ after })).toMatchObject({ commit: merge });
    }
    expect(await at.tracked()).toBe(merge);
  });

  it.each(["http", "path"] as const)("is not followed back to an ancestor, over %s", async (over) => {
    await using at = await setUp({ over });
    await at.rewind(at.first);
    const error = await expectRefusal(at, { follow: { after: at.second }, commit: at.first });
    const text = formatError(error);
    expect(text).toContain("branch main ");
    expect(text).toContain(`from ${at.second.slice(0, 8)} to ${at.first.slice(0, 8)}`);
    expect(text).toContain(`keelson-agent accept ${at.first}`);
    expect(await at.tracked()).toBe(at.second);
  });

  it.each(["http", "path"] as const)(
    "is not followed to what replaced the last commit, over %s",
    async (over) => {
      await using at = await setUp({ over });
      const forced = await at.rewind(at.first, { a: "forced" });
      await expectRefusal(at, { follow: { after: at.second }, commit: forced });
      const last = await readTracked(at);
      expect(last).toMatchObject({ commit: at.second, ref: "refs/heads/tracked" });
      expect((await last?.readFiles(["a"]))?.get("a")?.bytes).toEqual(new TextEncoder().encode("2"));
      // It is there already: nothing is brought or written again as long as it stays so.
      const before = await listFiles(at.gitDir);
      at.server.requests.splice(0);
      await expectRefusal(at, { follow: { after: at.second }, commit: forced });
      expect(at.server.requests.length).toBe(over === "http" ? 2 : 0);
      expect(await listFiles(at.gitDir)).toEqual(before);
    },
  );

  it("is not followed to another history, nor when the last commit is in none", async () => {
    await using at = await setUp();
    await at.repository.git("switch", "--quiet", "--orphan", "other");
    const other = await at.repository.commit({ files: { a: "3" } });
    await at.repository.git("push", "--quiet", "--force", "origin", "other:refs/heads/main");
    await expectRefusal(at, { follow: { after: at.second, accepted: at.first }, commit: other });
    await expectRefusal(at, { follow: { after: "1".repeat(40) }, commit: other });
    expect(await at.tracked()).toBe(at.second);
    await at.repository.switchTo("main");
    // Put right again by whoever broke it.
    const third = await at.rewind(at.second, { a: "4" });
    expect(await at.fetch({ after: at.second })).toMatchObject({ commit: third });
  });

  it("is followed to what a human accepted, and forward from there", async () => {
    await using at = await setUp();
    const forced = await at.rewind(at.first, { a: "forced" });
    await expectRefusal(at, { follow: { after: at.second }, commit: forced });
    at.server.requests.splice(0);
    const accepted = { after: at.second, accepted: forced };
    expect(await at.fetch(accepted)).toMatchObject({ commit: forced });
    expect(at.server.requests).toHaveLength(2);
    expect(await at.tracked()).toBe(forced);
    // Also when it has moved on before the node came to it.
    const next = await at.rewind(forced, { a: "next" });
    expect(await at.fetch(accepted)).toMatchObject({ commit: next });
    expect(await at.fetch({ after: next })).toMatchObject({ commit: next });
    const later = await at.rewind(next, { a: "later" });
    expect(await at.fetch({ after: next })).toMatchObject({ commit: later });
    await at.rewind(at.second);
    await expectRefusal(at, { follow: { after: later }, commit: at.second });
  });

  it("moves forward as before while something else is accepted", async () => {
    await using at = await setUp();
    const third = await at.rewind(at.second, { a: "3" });
    expect(await at.fetch({ after: at.second, accepted: "1".repeat(40) })).toMatchObject({ commit: third });
  });
});

describe("a copy that was lost", () => {
  it("is made anew of a branch that moved forward, and of none other", async () => {
    await using at = await setUp();
    await rm(at.gitDir, { recursive: true });
    await at.rewind(at.first);
    await expectRefusal(at, { follow: { after: at.second }, commit: at.first });
    expect(await readTracked(at)).toBeNull();
    expect(await readdir(at.node.path)).toEqual(["git"]);
    const third = await at.rewind(at.second, { a: "3" });
    expect(await at.fetch({ after: at.second })).toMatchObject({ commit: third, fetched: true });
    expect(await at.tracked()).toBe(third);
  });

  it.each(["http", "path"] as const)(
    "is made anew only once of a branch that was rewound, over %s",
    async (over) => {
      await using at = await setUp({ over });
      await rm(at.gitDir, { recursive: true });
      await at.rewind(at.first);
      await expectRefusal(at, { follow: { after: at.second }, commit: at.first });
      const before = await listFiles(at.gitDir);
      at.server.requests.splice(0);
      await expectRefusal(at, { follow: { after: at.second }, commit: at.first });
      expect(at.server.requests.length).toBe(over === "http" ? 2 : 0);
      expect(await listFiles(at.gitDir)).toEqual(before);
      // What has come need not come again, once it is accepted or something follows on it.
      const forced = await at.rewind(at.first, { a: "forced" });
      await expectRefusal(at, { follow: { after: at.second }, commit: forced });
      expect(await countPacks(at.gitDir)).toBe(2);
      const accepted = { after: at.second, accepted: forced };
      expect(await at.fetch(accepted)).toMatchObject({ commit: forced });
      expect(await at.tracked()).toBe(forced);
    },
  );

  it("does not go for one that is refused while it still has what was followed", async () => {
    await using at = await setUp();
    const forced = await at.rewind(at.first, { a: "forced" });
    await unpackObjects(at.gitDir);
    // So that the walk through the history needs a new copy.
    await rm(join(at.gitDir, "objects", at.first.slice(0, 2), at.first.slice(2)));
    await expectRefusal(at, { follow: { after: at.second }, commit: forced });
    expect(await at.tracked()).toBe(at.second);
    at.server.requests.splice(0);
    await expectRefusal(at, { follow: { after: at.second }, commit: forced });
    expect(at.server.requests).toHaveLength(2);
  });

  it("that has only what is refused is made anew where that is damaged", async () => {
    await using at = await setUp();
    await rm(at.gitDir, { recursive: true });
    await at.rewind(at.first);
    await expectRefusal(at, { follow: { after: at.second }, commit: at.first });
    await unpackObjects(at.gitDir);
    const tree = await at.repository.git("rev-parse", `${at.first}^{tree}`);
    await rm(join(at.gitDir, "objects", tree.slice(0, 2), tree.slice(2)));
    const accepted = { after: at.second, accepted: at.first };
    const revision = await at.fetch(accepted);
    await expect(revision.readFiles([""])).rejects.toMatchObject({ code: "K2009" });
    const files = await (await at.fetch(accepted)).readFiles([""]);
    expect([...files.keys()]).toEqual(["a"]);
  });

  it("is an error to read where it is damaged, and none where it is not there", async () => {
    await using at = await setUp();
    await writeFile(join(at.gitDir, "refs/heads/tracked"), `${"1".repeat(40)}\n`);
    await expect(at.tracked()).rejects.toMatchObject({ code: "K2009" });
    await rm(at.gitDir, { recursive: true });
    expect(await readTracked(at)).toBeNull();
  });

  it("is not read where it has only what is refused", async () => {
    await using at = await setUp();
    await at.rewind(at.first);
    await writeFile(join(at.gitDir, "refs/heads/tracked"), `${at.first}\n`);
    await expectRefusal(at, { follow: { after: at.second }, commit: at.first });
    expect(await readTracked(at)).toBeNull();
  });
});

describe("cut history", () => {
  it("of a copy makes that be made anew before anything is decided", async () => {
    await using at = await setUp();
    const third = await at.rewind(at.second, { a: "3" });
    const cut = async () => {
      await rm(at.gitDir, { recursive: true });
      await at.repository.git("clone", "--quiet", "--bare", "--depth=1", `file://${at.remote}`, at.gitDir);
      await at.repository.git("--git-dir", at.gitDir, "update-ref", "refs/heads/tracked", third);
    };
    await cut();
    expect(await at.fetch({ after: at.first })).toMatchObject({ commit: third, fetched: true });
    const history = await at.repository.git("--git-dir", at.gitDir, "log", "--format=%H", "tracked");
    expect(history.split("\n")).toEqual([third, at.second, at.first]);
    await cut();
    await expectRefusal(at, { follow: { after: "1".repeat(40) }, commit: third });
  });

  it("of the server is K2015, and nothing is followed", async () => {
    await using at = await setUp();
    const third = await at.rewind(at.second, { a: "3" });
    await writeFile(join(at.remote, "shallow"), `${third}\n`);
    await rm(at.gitDir, { recursive: true });
    const fetching = at.fetch({ after: at.first });
    await expect(fetching).rejects.toMatchObject({ code: "K2015", outcome: { kind: "transient" } });
    expect(await readTracked(at)).toBeNull();
  });
});

describe("a branch that stays where it is", () => {
  it("is refused without another walk, and judged anew when anything is accepted", async () => {
    await using at = await setUp();
    const forced = await at.rewind(at.first, { a: "forced" });
    await expectRefusal(at, { follow: { after: at.second }, commit: forced });
    await unpackObjects(at.gitDir);
    await rm(join(at.gitDir, "objects", at.first.slice(0, 2), at.first.slice(2)));
    at.server.requests.splice(0);
    await expectRefusal(at, { follow: { after: at.second }, commit: forced });
    expect(at.server.requests).toHaveLength(2);
    // What is missing would be noticed.
    const revision = await at.fetch({ after: at.second, accepted: at.first });
    expect(revision).toMatchObject({ commit: forced });
  });

  it("costs no walk through its history", async () => {
    await using at = await setUp();
    await unpackObjects(at.gitDir);
    await rm(join(at.gitDir, "objects", at.first.slice(0, 2), at.first.slice(2)));
    at.server.requests.splice(0);
    expect(await at.fetch({ after: at.second })).toMatchObject({ commit: at.second });
    expect(at.server.requests).toHaveLength(2);
    // What is missing would be noticed.
    expect(await at.fetch({ after: "1".repeat(40), accepted: at.second })).toMatchObject({ fetched: true });
  });
});

async function listFiles(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  const times = await Promise.all(paths.map(async (path) => (await stat(join(folder, path))).mtimeMs));
  return paths.map((path, index) => `${path} ${times[index]}`).sort();
}
