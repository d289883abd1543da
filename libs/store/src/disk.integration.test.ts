import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid } from "node:process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { writeApplied } from "./applied-files.ts";
import { contextOf, desiring, mountOf, placing, removing, snapshot } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";
import { placeFiles } from "./placed-files.ts";
import { listStaged, verifyStaged } from "./staged-list.ts";
import { stageRelease } from "./staged-release.ts";
import { releaseOf, sampleTexts } from "./staging-steps.ts";
import { removeFiles } from "./removed-files.ts";
import { writeStatus } from "./status-file.ts";

const run = promisify(execFile);

describe.skipIf(geteuid?.() !== 0)("on a small disk of its own (needs root to mount one)", () => {
  let base: string;
  let disk: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "keelson-store-"));
    disk = join(base, "disk");
    await mkdir(disk);
    await run("mount", ["-t", "tmpfs", "-o", "size=256k,nr_inodes=64", "tmpfs", disk]);
  });
  afterEach(async () => {
    await run("umount", [disk]);
    await rm(base, { recursive: true });
  });

  const small = { "a.conf": "old", "b.conf": "old" };
  const large = { "a.conf": "new", "b.conf": "x".repeat(512 * 1024) };

  test.each(["content", "live", "data"] as const)(
    "K4001 when it is full: %s stays as it was",
    async (layout) => {
      const target = "live/core/conf";
      await placeFiles(contextOf(disk), placing(mountOf(layout, { target, files: small })));
      const before = await snapshot(disk);
      const free = (await statfs(disk)).bfree;
      await expect(
        placeFiles(contextOf(disk), placing(mountOf(layout, { target, files: large }))),
      ).rejects.toMatchObject({ code: "K4001", outcome: { kind: "transient" } });
      expect(await snapshot(disk)).toEqual(before);
      expect((await statfs(disk)).bfree).toBe(free);
    },
  );

  test("K4001 when it has no inode left, and the next round succeeds once there is room", async () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`${index}.conf`, "x"]));
    const mount = mountOf("live", { files: many });
    await expect(placeFiles(contextOf(disk), placing(mount))).rejects.toMatchObject({ code: "K4001" });
    await run("mount", ["-o", "remount,nr_inodes=400,size=2m", disk]);
    await placeFiles(contextOf(disk), placing(mount));
    const [stored] = (await observeStore({ ...contextOf(disk), desired: desiring([mount]) })).storedInstances;
    expect(Object.keys(stored?.files ?? {}).length).toBe(80);
  });

  test("K4001 for documents: the last one stays and no draft is left", async () => {
    await writeApplied({ stateDir: disk }, { instance: "core", applied: { app: { a: "1" } } });
    await writeStatus({ stateDir: disk, text: "old\n" });
    const before = await snapshot(disk);
    const text = "x".repeat(512 * 1024);
    await expect(writeStatus({ stateDir: disk, text })).rejects.toMatchObject({ code: "K4001" });
    const applied = { app: { a: text } };
    await expect(writeApplied({ stateDir: disk }, { instance: "core", applied })).rejects.toMatchObject({
      code: "K4001",
    });
    expect(await snapshot(disk)).toEqual(before);
  });

  test("K4001 in the middle of staging: no half of a release is left, and once there is room it is staged", async () => {
    await stageRelease({ stateDir: disk, ...(await releaseOf("1.0.0", sampleTexts)) });
    const before = await snapshot(disk);
    const free = (await statfs(disk)).bfree;
    const big = await releaseOf("1.1.0", { ...sampleTexts, "z.large": "x".repeat(512 * 1024) });
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`${index}.conf`, "x"]));
    for (const release of [big, await releaseOf("1.1.0", many)]) {
      const staging = stageRelease({ stateDir: disk, ...release });
      await expect(staging).rejects.toMatchObject({ code: "K4001", outcome: { kind: "transient" } });
      expect(await snapshot(disk)).toEqual(before);
      expect((await statfs(disk)).bfree).toBe(free);
    }
    await run("mount", ["-o", "remount,nr_inodes=400,size=4m", disk]);
    expect((await stageRelease({ stateDir: disk, ...big })).result).toBe("staged");
    const now = new Date("2026-03-02T00:00:00.000Z");
    const checks = await verifyStaged(disk, { isAsked: () => true, now });
    expect(checks.map(({ state }) => state)).toEqual(["ok", "ok"]);
    expect(await listStaged(disk)).toHaveLength(2);
  });

  test("K4002 when it is read-only; what is right already is no error", async () => {
    const mount = mountOf("data", { files: small });
    await placeFiles(contextOf(disk), placing(mount));
    await writeFile(join(disk, "instances/core/live/extra"), "x");
    await run("mount", ["-o", "remount,ro", disk]);
    await placeFiles(contextOf(disk), placing(mount));
    const other = placing(mountOf("data", { files: { "a.conf": "new" } }));
    await expect(placeFiles(contextOf(disk), other)).rejects.toMatchObject({ code: "K4002" });
    await expect(placeFiles(contextOf(disk), placing(mount, "other"))).rejects.toMatchObject({
      code: "K4002",
    });
    await expect(removeFiles({ stateDir: disk }, removing(["live/extra"]))).rejects.toMatchObject({
      code: "K4002",
    });
    await expect(writeStatus({ stateDir: disk, text: "x" })).rejects.toMatchObject({ code: "K4002" });
  });
});
