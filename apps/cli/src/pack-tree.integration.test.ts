import { mkdir, readFile, readdir, rename, symlink, writeFile } from "node:fs/promises";

import type { TreeNode } from "@keelson/nar";
import { walkFolder } from "@keelson/store/folder";
import { beforeEach, expect, it } from "vitest";

import { makeTempFolder } from "../../../test/support/index.ts";
import { packTree } from "./pack-tree.ts";

const release = { name: "hello", version: "0.1.0" };
const text = (version: string) => `name: hello\nversion: ${version}\npackages: [web]\n`;

let home: Awaited<ReturnType<typeof makeTempFolder>>;
beforeEach(async () => {
  home = await makeTempFolder();
  await mkdir(home.join("hello"));
  await writeFile(home.join("hello/release.yaml"), text("0.1.0"));
  await writeFile(home.join("hello.nar"), "an older archive");
  return async () => home[Symbol.asyncDispose]();
});

/** A folder to which something happens when its archive is begun, after its faults were looked for. */
async function* walkAfter(change: () => Promise<void>): AsyncGenerator<TreeNode, void> {
  await change();
  yield* walkFolder(home.join("hello"));
}

const pack = async (change: () => Promise<void>) =>
  packTree(walkAfter(change), { shown: "hello", release, file: home.join("hello.nar") });

it("must replace an older archive when nothing has changed", async () => {
  expect(await pack(async () => {})).toMatch(/^sha256-/);
  expect(await readFile(home.join("hello.nar"), "latin1")).toContain("nix-archive-1");
});

it.each<[string, () => Promise<void>]>([
  ["an absolute link", async () => symlink("/etc/passwd", home.join("hello/a"))],
  ["an empty folder", async () => mkdir(home.join("hello/empty"))],
  [
    "another version",
    async () => {
      await writeFile(home.join("new"), text("0.2.0"));
      await rename(home.join("new"), home.join("hello/release.yaml"));
    },
  ],
])("must leave the older archive when the folder gets %s meanwhile", async (_, change) => {
  await expect(pack(change)).rejects.toMatchObject({
    code: "K9084",
    message: "hello changed while it was read",
  });
  expect(await readFile(home.join("hello.nar"), "utf8")).toBe("an older archive");
  expect((await readdir(home.path)).sort()).toEqual(["hello", "hello.nar"]);
});
