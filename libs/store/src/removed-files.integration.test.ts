import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MountLayout } from "@keelson/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { contextOf, mountOf, placing, removing, snapshot } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";
import { placeFiles } from "./placed-files.ts";
import { removeFiles } from "./removed-files.ts";

let base: string;
let stateDir: string;
let folder: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
  stateDir = join(base, "state");
  folder = join(stateDir, "instances", "core");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const files = { "a.conf": "one", "b.conf": "two", "sub/deep/c.conf": "three", "sub/d.conf": "four" };
const remove = (...paths: string[]) => removeFiles({ stateDir }, removing(paths));
const observedPaths = async () => {
  const { storedInstances } = await observeStore({ stateDir, keyedDigest: () => "" });
  return Object.keys(storedInstances[0]?.files ?? {});
};

describe.each<MountLayout>(["content", "live", "data"])("of layout %s", (layout) => {
  const place = async () => {
    const mount = mountOf(layout, { files });
    await placeFiles(contextOf(stateDir), placing(mount));
    return mount;
  };

  test("all observed paths go without a trace, other mounts stay", async () => {
    const other = mountOf("live", { source: "core/other", files: { x: "x" } });
    await placeFiles(contextOf(stateDir), placing(other));
    const kept = await snapshot(folder);
    const mount = await place();
    await remove(...(await observedPaths()).filter((path) => path.startsWith(`${mount.target}/`)));
    expect(await snapshot(folder)).toEqual(layout === "content" ? { files: "folder 700", ...kept } : kept);
  });

  test("one path goes with the folders that are empty then", async () => {
    const mount = await place();
    const rest = (await observedPaths()).filter((path) => !path.endsWith("/sub/deep/c.conf"));
    await remove(`${mount.target}/sub/deep/c.conf`);
    expect(await observedPaths()).toEqual(rest);
    const paths = Object.keys(await snapshot(folder));
    expect(paths.filter((path) => path.endsWith("/deep"))).toEqual([]);
    await remove(`${mount.target}/sub/d.conf`);
    expect(Object.keys(await snapshot(folder)).filter((path) => path.endsWith("/sub"))).toEqual([]);
  });

  test("again, or of what never was, is fine", async () => {
    const mount = await place();
    await remove(`${mount.target}/a.conf`);
    const before = await snapshot(folder);
    await remove(`${mount.target}/a.conf`, `${mount.target}/none/x`, "files/none/x", "live/none");
    expect(await snapshot(folder)).toEqual(before);
  });
});

test("an instance without a folder has nothing to remove", async () => {
  await remove("live/a");
  await expect(readdir(stateDir)).rejects.toMatchObject({ code: "ENOENT" });
});

test("what the data layout left goes when live files took its place", async () => {
  await placeFiles(contextOf(stateDir), placing(mountOf("data", { files })));
  const single = mountOf("live", { source: "core/conf/a.conf", kind: "file", files: { "a.conf": "new" } });
  await placeFiles(contextOf(stateDir), placing(single));
  await remove(...(await observedPaths()).filter((path) => path !== "live/core/conf/a.conf"));
  expect(await snapshot(join(folder, "live"))).toEqual({
    core: "folder 755",
    "core/conf": "folder 755",
    "core/conf/a.conf": "644 new",
  });
});

describe("K4006, and nothing is removed", () => {
  test.each([
    "applied.json",
    "compose.json",
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
