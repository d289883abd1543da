import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type DesiredMount, digestBytes } from "@keelson/model";
import { expect, test } from "vitest";

import { useStateFolder } from "./mount-fixture.ts";
import { findSameFiles } from "./same-files.ts";

let base: string;
useStateFolder((made) => ({ base } = made));

const target = "mounts/ab/conf";

function mountOf(files: Record<string, string>, kind: DesiredMount["kind"] = "folder"): DesiredMount {
  return {
    source: "conf",
    kind,
    layout: "content",
    writable: false,
    target,
    files: Object.entries(files).map(([path, text]) => ({
      to: `conf/${path}`,
      path,
      content: Buffer.from(text),
      contentDigest: digestBytes(text),
      digest: digestBytes(text),
      secrets: text.includes("PLACE") ? ["name"] : [],
      mode: 0o644,
      owner: null,
      onChange: "recreate",
    })),
    services: ["app"],
  };
}

const wanted = { "a.yml": "a", "b.yml": "b", "rules/c.yml": "c", "rules/deep/d.yml": "d PLACE" };
const there = { ...wanted, "rules/deep/d.yml": "d secret" };
const fillSecrets = (bytes: Uint8Array) =>
  Buffer.from(Buffer.from(bytes).toString().replace("PLACE", "secret"));

async function isSame(folder: string, mount: DesiredMount): Promise<boolean> {
  const path = join(base, folder);
  const same = await findSameFiles([{ path, mount }], { fillSecrets });
  expect([[], [{ path, target }]]).toContainEqual(same);
  return same.length === 1;
}

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(base, "bound", path)), { recursive: true });
    await writeFile(join(base, "bound", path), text);
  }
}

test("a folder with just the files of a mount holds them, at every depth and with their secrets", async () => {
  await write(there);
  expect(await isSame("bound", mountOf(wanted))).toBe(true);
});

test.each(Object.keys(there))("another content of %s is a difference", async (path) => {
  await write({ ...there, [path]: "x" });
  expect(await isSame("bound", mountOf(wanted))).toBe(false);
});

test.each(Object.keys(there))("%s missing is a difference", async (path) => {
  await write(there);
  await rm(join(base, "bound", path));
  expect(await isSame("bound", mountOf(wanted))).toBe(false);
});

test("another file is a difference, and so is a link to the same", async () => {
  await write({ ...there, "rules/more.yml": "" });
  expect(await isSame("bound", mountOf(wanted))).toBe(false);
  await rm(join(base, "bound/rules/more.yml"));
  await rm(join(base, "bound/b.yml"));
  await writeFile(join(base, "b.yml"), "b");
  await symlink(join(base, "b.yml"), join(base, "bound/b.yml"));
  expect(await isSame("bound", mountOf(wanted))).toBe(false);
});

test("a single file is compared wherever it lies, and a folder that is not there holds nothing", async () => {
  await write({ "other name.yml": "a" });
  expect(await isSame("bound/other name.yml", mountOf({ "a.yml": "a" }, "file"))).toBe(true);
  expect(await isSame("bound/other name.yml", mountOf({ "a.yml": "b" }, "file"))).toBe(false);
  expect(await isSame("nowhere", mountOf(wanted))).toBe(false);
});
