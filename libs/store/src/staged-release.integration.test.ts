import { chmod, lstat, mkdir, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { stagedEntryName } from "@keelson/model";
import { narDigest } from "@keelson/nar";

import { walkFolder } from "./folder-walk.ts";
import { snapshot, useStateFolder } from "./mount-fixture.ts";
import { collectGarbage } from "./staged-removal.ts";
import { listStaged, readStagedNeeds, verifyStaged, writeStagedNeeds } from "./staged-list.ts";
import { isStaged, stageRelease } from "./staged-release.ts";
import { releaseOf, sampleTexts } from "./staging-steps.ts";

let stateDir: string;
useStateFolder((made) => ({ stateDir } = made));

const now = new Date("2026-03-02T00:00:00.000Z");
const all = { isAsked: () => true, now };
const stage = async (version = "1.0.0", texts = sampleTexts) =>
  stageRelease({ stateDir, ...(await releaseOf(version, texts)) });

/** Writes over a read-only file, as a failing disk would. */
async function overwrite(path: string, text: string): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, text);
  await chmod(path, 0o444);
}

describe("staging a release", () => {
  test("it lies there as it was committed, read-only, with the digest that it has everywhere", async () => {
    const { release } = await releaseOf("1.0.0", sampleTexts);
    const { path, result } = await stage();
    expect(result).toBe("staged");
    expect(path).toBe(join(stateDir, "store", stagedEntryName(release)));
    expect(await narDigest(walkFolder(path))).toBe(release.digest);
    expect(await readFile(join(path, "packages/web/conf/a.conf"), "utf8")).toBe("one");
    expect(await readlink(join(path, "packages/web/current"))).toBe("conf/a.conf");
    const modeOf = async (inner: string) => (await lstat(join(path, inner))).mode & 0o777;
    expect(await modeOf("")).toBe(0o555);
    expect(await modeOf("packages/web")).toBe(0o555);
    expect(await modeOf("release.yaml")).toBe(0o444);
    expect(await modeOf("packages/web/run.sh")).toBe(0o555);
    expect((await lstat(join(stateDir, "store"))).mode & 0o777).toBe(0o700);
    expect(await isStaged(stateDir, release)).toBe(true);
  });

  test("what is there is kept and not written again, and its files are not even asked for", async () => {
    const { path } = await stage();
    const before = await lstat(path);
    const again = await stageRelease({
      stateDir,
      ...(await releaseOf("1.0.0", sampleTexts)),
      readTree: async () => Promise.reject(new Error("asked")),
    });
    expect(again.result).toBe("kept");
    expect((await lstat(path)).ctimeMs).toBe(before.ctimeMs);
  });

  test("versions lie side by side, and so do two contents of one version", async () => {
    await stage("1.0.0");
    await stage("1.1.0");
    await stage("1.0.0", { ...sampleTexts, other: "x" });
    const staged = await listStaged(stateDir);
    expect(staged.map(({ release, version, state }) => [release, version, state])).toEqual([
      ["shop", "1.0.0", "staged"],
      ["shop", "1.0.0", "staged"],
      ["shop", "1.1.0", "staged"],
    ]);
    expect(new Set(staged.map(({ entry }) => entry)).size).toBe(3);
  });

  test("K4027 for files that do not have the digest, and nothing of them is left", async () => {
    const { release } = await releaseOf("1.0.0", sampleTexts);
    const { readTree } = await releaseOf("1.0.0", { ...sampleTexts, other: "x" });
    const staging = stageRelease({ stateDir, release, readTree, isThorough: false, now });
    await expect(staging).rejects.toMatchObject({ code: "K4027" });
    expect(await readdir(join(stateDir, "store"))).toEqual([]);
  });

  test("an entry without a note is none until its bytes are read, and what is not a folder is replaced", async () => {
    const { release } = await releaseOf("1.0.0", sampleTexts);
    const { path } = await stage();
    await rm(`${path}.json`);
    expect((await listStaged(stateDir))[0]).toMatchObject({ state: "unfinished", digest: null });
    expect(await isStaged(stateDir, release)).toBe(false);
    expect((await stage()).result).toBe("mended");
    expect(await isStaged(stateDir, release)).toBe(true);
    await rm(path, { recursive: true });
    await writeFile(path, "in the way");
    expect((await stage()).result).toBe("mended");
    expect(await narDigest(walkFolder(path))).toBe(release.digest);
  });
});

describe("checking what is staged", () => {
  test("a flipped bit is found with its path, counts as not staged from then on, and is mended by staging again", async () => {
    const { release } = await releaseOf("1.0.0", sampleTexts);
    const { path } = await stage();
    await stage("1.1.0");
    await overwrite(join(path, "packages/web/conf/a.conf"), "onf");
    // Nobody has read it yet.
    expect(await isStaged(stateDir, release)).toBe(true);
    const found = await verifyStaged(stateDir, all);
    expect(found.map(({ version, state, differing }) => [version, state, differing])).toEqual([
      ["1.0.0", "changed", ["packages/web/conf/a.conf"]],
      ["1.1.0", "ok", []],
    ]);
    expect(await isStaged(stateDir, release)).toBe(false);
    expect((await verifyStaged(stateDir, all))[0]).toMatchObject({ differing: ["packages/web/conf/a.conf"] });
    expect((await stage()).result).toBe("mended");
    expect((await verifyStaged(stateDir, all)).map(({ state }) => state)).toEqual(["ok", "ok"]);
    expect(await isStaged(stateDir, release)).toBe(true);
  });

  test("a thorough staging finds it by itself", async () => {
    const { path } = await stage();
    await overwrite(join(path, "release.yaml"), "name: shoq\n");
    const input = await releaseOf("1.0.0", sampleTexts);
    expect((await stageRelease({ stateDir, ...input, isThorough: true })).result).toBe("mended");
    expect(await readFile(join(path, "release.yaml"), "utf8")).toBe("name: shop\n");
    expect((await stageRelease({ stateDir, ...input, isThorough: true })).result).toBe("kept");
  });

  test("files that are missing, are too many, or have another mode differ", async () => {
    const { path } = await stage();
    for (const folder of ["", "packages/web/conf"]) await chmod(join(path, folder), 0o755);
    await rm(join(path, "packages/web/conf/b.conf"));
    await writeFile(join(path, "added"), "x");
    await chmod(join(path, "packages/web/run.sh"), 0o444);
    const [check] = await verifyStaged(stateDir, all);
    expect(check).toMatchObject({
      state: "changed",
      differing: ["added", "packages/web/conf/b.conf", "packages/web/run.sh"],
    });
  });

  test("what was put right by hand counts again", async () => {
    const { path } = await stage();
    await overwrite(join(path, "release.yaml"), "x");
    await verifyStaged(stateDir, all);
    await overwrite(join(path, "release.yaml"), "name: shop\n");
    expect((await verifyStaged(stateDir, all))[0]?.state).toBe("ok");
    expect((await listStaged(stateDir))[0]?.state).toBe("staged");
  });

  test("only what is asked for is read, and without a store there is nothing", async () => {
    expect(await verifyStaged(stateDir, all)).toEqual([]);
    expect(await listStaged(stateDir)).toEqual([]);
    await stage();
    await stage("1.1.0");
    const some = await verifyStaged(stateDir, { isAsked: ({ version }) => version === "1.1.0", now });
    expect(some.map(({ version }) => version)).toEqual(["1.1.0"]);
  });
});

describe("removing what is staged", () => {
  test("only what is named goes, with its note, and with it what kills have left", async () => {
    const [{ path: first }, { path: second }] = [await stage("1.0.0"), await stage("1.1.0")];
    const store = join(stateDir, "store");
    await mkdir(join(store, ".draft-0123456789abcdef/half"), { recursive: true });
    await writeFile(join(store, `${"0".repeat(32)}-gone-1.0.0.json`), "{}");
    await writeFile(join(store, "of somebody else"), "x");
    const names = async () => (await readdir(store)).sort();
    const [entry = ""] = first.split("/").slice(-1);
    await collectGarbage(stateDir, [entry]);
    const [kept = ""] = second.split("/").slice(-1);
    expect(await names()).toEqual([kept, `${kept}.json`, "of somebody else"].sort());
    await collectGarbage(stateDir, [entry]);
  });

  test("K4006 for a name that leads elsewhere", async () => {
    await stage();
    await expect(collectGarbage(stateDir, ["../instances"])).rejects.toMatchObject({ code: "K4006" });
  });
});

describe("what the store must keep", () => {
  test("it is noted once, and K4028 when the note is damaged", async () => {
    expect(await readStagedNeeds(stateDir)).toBeNull();
    const needs = { desired: ["a"], lastGood: ["b"] };
    await writeStagedNeeds(stateDir, needs);
    expect(await readStagedNeeds(stateDir)).toEqual(needs);
    const before = await snapshot(stateDir);
    const path = join(stateDir, "store/needed.json");
    const { ctimeMs } = await lstat(path);
    await writeStagedNeeds(stateDir, needs);
    expect(await snapshot(stateDir)).toEqual(before);
    expect((await lstat(path)).ctimeMs).toBe(ctimeMs);
    await writeFile(path, "{");
    await expect(readStagedNeeds(stateDir)).rejects.toMatchObject({ code: "K4028" });
  });
});
