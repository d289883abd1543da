import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type DesiredMount, type MountLayout, codeOf } from "@keelson/model";
import { describe, expect, test } from "vitest";

import {
  contextOf,
  desiring,
  makeDeep,
  mountOf,
  placing,
  removing,
  snapshot,
  useStateFolder,
} from "./mount-fixture.ts";
import { writeApplied } from "./applied-files.ts";
import { observeStore } from "./observed-store.ts";
import { placeFiles } from "./placed-files.ts";
import { removeFiles } from "./removed-files.ts";

let base: string;
let stateDir: string;
let folder: string;
useStateFolder((made) => ({ base, stateDir, folder } = made));

const files = { "a.conf": "one", "b.conf": "two", "sub/deep/c.conf": "three", "sub/d.conf": "four" };
const remove = (...paths: string[]) => removeFiles({ stateDir }, removing(paths));
/** What lies there when nothing, or only these mounts, are desired. */
const othersSeen = async (...mounts: DesiredMount[]) => {
  const { storedInstances } = await observeStore({ ...contextOf(stateDir), desired: desiring(mounts) });
  return storedInstances[0]?.others ?? [];
};

describe.each<MountLayout>(["content", "live", "data"])("of layout %s", (layout) => {
  const place = async () => {
    const mount = mountOf(layout, { files });
    await placeFiles(contextOf(stateDir), placing(mount));
    return mount;
  };

  test("what is not desired any more goes without a trace, other mounts stay", async () => {
    const other = mountOf("live", { source: "core/other", files: { x: "x" } });
    await placeFiles(contextOf(stateDir), placing(other));
    const kept = await snapshot(folder);
    await place();
    await remove(...(await othersSeen(other)));
    expect(await snapshot(folder)).toEqual(layout === "content" ? { files: "folder 700", ...kept } : kept);
    expect(await othersSeen(other)).toEqual([]);
  });

  test("whatever a container has made of it: deep, wide, with names that are no text", async () => {
    const mount = await place();
    const bound = join(folder, mount.target);
    makeDeep(bound, 2_000);
    for (let each = 0; each < 3_000; each++) await writeFile(join(bound, `wide-${each}`), "");
    await mkdir(Buffer.from(`${bound}/\xff\xfe`, "latin1"));
    await writeFile(Buffer.from(`${bound}/\xff\xfe/\x80`, "latin1"), "");
    await symlink("/etc", join(bound, "link"));
    await promisify(execFile)("mkfifo", [join(bound, "pipe")]);
    await remove(...(await othersSeen()));
    expect(Object.keys(await snapshot(folder))).toEqual([layout === "content" ? "files" : "live"]);
  });

  test("again, or of what never was, is fine", async () => {
    const mount = await place();
    await remove(mount.target);
    const before = await snapshot(folder);
    await remove(mount.target, `${mount.target}/none/x`, "files/none/x", "live/none");
    expect(await snapshot(folder)).toEqual(before);
  });
});

test("the Compose file goes by itself, and again", async () => {
  await writeApplied({ stateDir }, { instance: "core", applied: {} });
  const kept = await snapshot(folder);
  await writeFile(join(folder, "compose.json"), "{}");
  await remove("compose.json");
  expect(await snapshot(folder)).toEqual(kept);
  await remove("compose.json");
  expect(await snapshot(folder)).toEqual(kept);
});

test("one path goes with the folders that are empty then", async () => {
  await placeFiles(contextOf(stateDir), placing(mountOf("live", { files })));
  await remove("live/core/conf/sub/deep/c.conf");
  expect(Object.keys(await snapshot(folder)).filter((path) => path.endsWith("/deep"))).toEqual([]);
  await remove("live/core/conf/sub/d.conf");
  expect(Object.keys(await snapshot(folder)).filter((path) => path.endsWith("/sub"))).toEqual([]);
});

/** As rounds do it: one call has an end, and the next one goes on from there. */
async function removeInGoes(paths: string[]): Promise<void> {
  for (;;) {
    try {
      return await remove(...paths);
    } catch (error) {
      if (codeOf(error) !== "K4024") throw error;
    }
  }
}

test("thousands of levels take no more descriptors than one, and the event loop stays free", async () => {
  const mount = mountOf("live", { files });
  await placeFiles(contextOf(stateDir), placing(mount));
  makeDeep(join(folder, mount.target), 6_000);
  const most = { descriptors: 0, turns: 0 };
  const before = readdirSync("/proc/self/fd").length;
  const watch = setInterval(() => {
    most.descriptors = Math.max(most.descriptors, readdirSync("/proc/self/fd").length);
    most.turns += 1;
  }, 1);
  try {
    await removeInGoes(await othersSeen());
  } finally {
    clearInterval(watch);
  }
  expect(await snapshot(folder)).toEqual({ live: "folder 700" });
  expect(most.turns).toBeGreaterThan(2);
  expect(most.descriptors).toBeLessThan(before + 16);
});

test("an instance without a folder has nothing to remove", async () => {
  await remove("live/a");
  await expect(readdir(stateDir)).rejects.toMatchObject({ code: "ENOENT" });
});

test("what the data layout left goes when live files took its place", async () => {
  await placeFiles(contextOf(stateDir), placing(mountOf("data", { files })));
  const single = mountOf("live", { source: "core/conf/a.conf", kind: "file", files: { "a.conf": "new" } });
  await placeFiles(contextOf(stateDir), placing(single));
  await remove(...(await othersSeen(single)));
  expect(await snapshot(join(folder, "live"))).toEqual({
    core: "folder 755",
    "core/conf": "folder 755",
    "core/conf/a.conf": "644 new",
  });
});

test("what a container has left goes when the folder that it could write is none of the bound ones any more", async () => {
  const before = mountOf("live", { source: "core", files: { a: "one" } });
  await placeFiles(contextOf(stateDir), placing(before));
  const bound = join(folder, "live/core");
  for (const name of ["\xff", "\xfe", "..hidden", "new\nline", "\\", ".aside-1"])
    await writeFile(Buffer.from(`${bound}/${name}`, "latin1"), "");
  await mkdir(Buffer.from(`${bound}/\x80\x81`, "latin1"));
  const inner = mountOf("live", { source: "core/conf", files: { b: "two" } });
  await placeFiles(contextOf(stateDir), placing(inner));
  await remove(...(await othersSeen(inner)));
  expect(await othersSeen(inner)).toEqual([]);
  expect(Object.keys(await snapshot(bound))).toEqual(["conf", "conf/b"]);
});

describe("K4006, and nothing is removed", () => {
  test.each([
    "applied.json",
    "compose.json/x",
    "live",
    "files",
    "",
    "../other/live/x",
    "live/../../x",
    "/live/x",
    "live/..data",
  ])("for the path %j", async (path) => {
    await placeFiles(contextOf(stateDir), placing(mountOf("live", { files })));
    await writeFile(join(folder, "applied.json"), "{}");
    const before = await snapshot(stateDir);
    await expect(remove("live/core/conf/a.conf", path)).rejects.toMatchObject({ code: "K4006" });
    expect(await snapshot(stateDir)).toEqual(before);
  });

  test("for a path through a planted link; a link at its end is removed and not followed", async () => {
    const elsewhere = join(base, "elsewhere");
    await mkdir(join(elsewhere, "x"), { recursive: true });
    await writeFile(join(elsewhere, "x/a.conf"), "theirs");
    await placeFiles(contextOf(stateDir), placing(mountOf("live", { files })));
    await symlink(elsewhere, join(folder, "live/core/conf/planted"));
    await expect(remove("live/core/conf/planted/x/a.conf")).rejects.toMatchObject({ code: "K4006" });
    await remove("live/core/conf/planted");
    expect(await snapshot(elsewhere)).toEqual({ x: "folder 755", "x/a.conf": "644 theirs" });
  });
});

describe("a secret", () => {
  const secret = "t0ken-in-a-file";
  const secretMount = mountOf("data", { source: "core/keys", files: { key: secret } });

  test("does not outlive its instance: nothing of the whole folder stays, notes and drafts included", async () => {
    await placeFiles(contextOf(stateDir), placing(secretMount));
    await placeFiles(contextOf(stateDir), placing(mountOf("content", { files: { key: secret } })));
    await writeApplied({ stateDir }, { instance: "core", applied: { app: { "core/keys/key": "digest" } } });
    await mkdir(join(folder, ".staging-0123456789abcdef"));
    await writeFile(join(folder, ".staging-0123456789abcdef", "draft"), secret);
    await remove(".");
    expect(await readdir(join(stateDir, "instances"))).toEqual([]);
    await remove(".");
  });

  test("does not stay in what a killed placement left, while the files that are desired stay as they are", async () => {
    await placeFiles(contextOf(stateDir), placing(secretMount));
    const kept = await snapshot(folder);
    const drafts = [".staging-0123456789abcdef", `live/core/keys/..${"a".repeat(32)}`];
    for (const draft of drafts) {
      await mkdir(join(folder, draft));
      await writeFile(join(folder, draft, "key"), "t0ken-of-yesterday");
    }
    expect(await othersSeen(secretMount)).toEqual(drafts);
    await remove(...drafts);
    expect(await snapshot(folder)).toEqual(kept);
    expect(await othersSeen(secretMount)).toEqual([]);
  });

  test("takes nothing with it that somebody else put beside it", async () => {
    await placeFiles(contextOf(stateDir), placing(secretMount));
    await writeFile(join(folder, "notes-of-an-admin"), "");
    await remove(".");
    expect(await readdir(folder)).toEqual(["notes-of-an-admin"]);
  });

  test("is not looked for outside of the instance's own folder", async () => {
    await placeFiles(contextOf(stateDir), placing(secretMount));
    for (const path of ["..", "../core", "/", ".staging-x", "applied.json", "live/..", "live/core/../.."])
      await expect(remove(path)).rejects.toMatchObject({ code: "K4006" });
  });
});

test("a generation that was switched to since it was planned to go stays", async () => {
  const mount = mountOf("data", { files });
  await placeFiles(contextOf(stateDir), placing(mount));
  const bound = join(folder, mount.target);
  const generation = readdirSync(bound).find((name) => /^\.\.[0-9a-f]{32}$/.test(name));
  const link = join(bound, "..data");
  await rm(link);
  await symlink("/", link);
  const leftover = `${mount.target}/${generation}`;
  expect(await othersSeen(mount)).toContain(leftover);

  await placeFiles(contextOf(stateDir), placing(mount));
  const placed = await snapshot(folder);
  await remove(leftover);
  expect(await snapshot(folder)).toEqual(placed);
});
