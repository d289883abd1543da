import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid } from "node:process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { examineStateFolder, readDiskSpace } from "./state-folder.ts";

const run = promisify(execFile);

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

test("a state folder is described, and one that is missing is not made", async () => {
  await chmod(base, 0o750);
  expect(await examineStateFolder(base)).toEqual({ isThere: true, mode: 0o750 });
  const missing = join(base, "a/b");
  expect(await examineStateFolder(missing)).toEqual({ isThere: false, mode: null });
  const { bavail, bsize } = await statfs(base);
  const { freeBytes, freeInodes } = await readDiskSpace(missing);
  expect(Math.abs(freeBytes - bavail * bsize)).toBeLessThan(0.1 * bavail * bsize);
  expect(freeInodes).toBeGreaterThan(0);
  expect(await readdir(base)).toEqual([]);
});

test("a file in its place is refused", async () => {
  await writeFile(join(base, "state"), "");
  await expect(examineStateFolder(join(base, "state"))).rejects.toMatchObject({ code: "K4006" });
  await expect(examineStateFolder(join(base, "state/below"))).rejects.toMatchObject({ code: "K4003" });
});

describe.skipIf(geteuid?.() !== 0)("on a small disk of its own (needs root to mount one)", () => {
  test("K4002 when it is read-only, and the space is that disk's", async () => {
    const disk = join(base, "disk");
    await mkdir(disk);
    await run("mount", ["-t", "tmpfs", "-o", "size=256k,nr_inodes=64,ro", "tmpfs", disk]);
    try {
      await expect(examineStateFolder(join(disk, "state"))).rejects.toMatchObject({ code: "K4002" });
      const space = await readDiskSpace(join(disk, "state"));
      expect(space.freeBytes).toBeLessThanOrEqual(256 * 1024);
      expect(space.freeInodes).toBeLessThanOrEqual(64);
    } finally {
      await run("umount", [disk]);
    }
  });
});
