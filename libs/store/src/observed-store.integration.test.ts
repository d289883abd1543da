import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmod, mkdir, mkdtemp, readlink, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid, seteuid } from "node:process";
import { promisify } from "node:util";
import { digestBytes } from "@keelson/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { recordFiles, writeApplied } from "./applied-files.ts";
import { contextOf, mountOf, placing } from "./mount-fixture.ts";
import type { FileTexts } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";
import { placeFiles } from "./placed-files.ts";

let base: string;
let stateDir: string;
let folder: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
  stateDir = join(base, "state");
  folder = join(stateDir, "instances", "core");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const keyedDigest = (bytes: Uint8Array) => createHmac("sha256", "key").update(bytes).digest("hex");
const observe = () => observeStore({ stateDir, keyedDigest });
const filesSeen = async () => (await observe()).storedInstances[0]?.files ?? {};
const place = (layout: "content" | "live" | "data", files: FileTexts) =>
  placeFiles(contextOf(stateDir), placing(mountOf(layout, { files })));

test("no state folder, or an empty one, is an empty store", async () => {
  expect(await observe()).toEqual({ storedInstances: [] });
  await mkdir(join(stateDir, "instances"), { recursive: true });
  expect(await observe()).toEqual({ storedInstances: [] });
});

test("every file with its digests, mode and owner, as a container sees it; instances sorted", async () => {
  await place("data", { "a.conf": "one", "sub/b.conf": { text: "SECRET", mode: 0o400, secrets: ["a.b"] } });
  await placeFiles(contextOf(stateDir), placing(mountOf("live", { files: { z: "z" } }), "another"));
  await writeApplied({ stateDir }, { instance: "core", applied: { app: { "core/conf/a.conf": "d" } } });
  const owner = { uid: geteuid?.() ?? 0, gid: geteuid?.() ?? 0 };
  const { storedInstances } = await observe();
  expect(storedInstances.map(({ instance }) => instance)).toEqual(["another", "core"]);
  expect(storedInstances[1]).toEqual({
    instance: "core",
    folder,
    files: {
      "live/core/conf/a.conf": {
        plainDigest: digestBytes("one"),
        keyedDigest: keyedDigest(Buffer.from("one")),
        mode: 0o644,
        ...owner,
      },
      "live/core/conf/sub/b.conf": {
        plainDigest: digestBytes("hunter2"),
        keyedDigest: keyedDigest(Buffer.from("hunter2")),
        mode: 0o400,
        ...owner,
      },
    },
    applied: { app: { "core/conf/a.conf": "d" } },
  });
});

describe("what is not as Keelson left it is a difference", () => {
  test("other bytes, another mode, a setuid bit, another file, a file less", async () => {
    await place("live", { a: "one", b: "two", c: "three" });
    await writeFile(join(folder, "live/core/conf/a"), "edited");
    await chmod(join(folder, "live/core/conf/b"), 0o4755);
    await rm(join(folder, "live/core/conf/c"));
    await writeFile(join(folder, "live/core/conf/d"), "");
    expect(await filesSeen()).toMatchObject({
      "live/core/conf/a": { plainDigest: digestBytes("edited") },
      "live/core/conf/b": { mode: 0o4755 },
      "live/core/conf/d": { plainDigest: digestBytes("") },
    });
    expect(await filesSeen()).not.toHaveProperty(["live/core/conf/c"]);
  });

  test("a link is a link, wherever it leads, and nothing behind it is seen", async () => {
    await place("live", { a: "one" });
    const bound = join(folder, "live/core/conf");
    await symlink("a", join(bound, "to-file"));
    await symlink("/etc", join(bound, "to-folder"));
    await symlink("nothing", join(bound, "dangling"));
    await symlink("..data/x", join(bound, "x"));
    expect(Object.entries(await filesSeen()).map(([path, { plainDigest }]) => [path, plainDigest])).toEqual([
      ["live/core/conf/a", digestBytes("one")],
      ["live/core/conf/dangling", "link"],
      ["live/core/conf/to-file", "link"],
      ["live/core/conf/to-folder", "link"],
      ["live/core/conf/x", "link"],
    ]);
  });

  test("a ..data that leads elsewhere shows nothing of it", async () => {
    await place("data", { passwd: "one" });
    const bound = join(folder, "live/core/conf");
    for (const target of ["/etc", "../../../../../../../../etc", "..data", "..nothing", "..link"]) {
      await rm(join(bound, "..data"));
      await symlink(target, join(bound, "..data"));
      await rm(join(bound, "..link"), { force: true });
      await symlink("/etc", join(bound, "..link"));
      expect(await filesSeen()).toMatchObject({ "live/core/conf/passwd": { plainDigest: "link" } });
    }
  });

  test("a file behind ..data that is gone or edited", async () => {
    await place("data", { a: "one", b: "two" });
    const bound = join(folder, "live/core/conf");
    const generation = join(bound, await readlink(join(bound, "..data")));
    await rm(join(generation, "a"));
    await writeFile(join(generation, "b"), "edited");
    expect(await filesSeen()).toMatchObject({
      "live/core/conf/a": { plainDigest: "link" },
      "live/core/conf/b": { plainDigest: digestBytes("edited") },
    });
  });

  test("a pipe is not waited for and a huge file not read", async () => {
    await place("live", { a: "one" });
    const bound = join(folder, "live/core/conf");
    await promisify(execFile)("mkfifo", [join(bound, "pipe")]);
    await writeFile(join(bound, "huge"), "");
    await truncate(join(bound, "huge"), 2 ** 40);
    expect(await filesSeen()).toMatchObject({
      "live/core/conf/pipe": { plainDigest: "special", keyedDigest: "special" },
      "live/core/conf/huge": { plainDigest: "huge", keyedDigest: "huge" },
    });
  });

  test("folders nested without end are one thing that does not belong there", async () => {
    await place("live", { a: "one" });
    const deep = join(folder, "live/core/conf", Array.from({ length: 100 }, () => "d").join("/"));
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, "x"), "x");
    const [, found] = Object.entries(await filesSeen());
    expect(found?.[0].length).toBeLessThan(150);
    expect(found?.[1]).toMatchObject({ plainDigest: "special" });
    await place("live", { a: "one" });
    expect(Object.keys(await filesSeen())).toEqual(["live/core/conf/a"]);
  });

  test("a name that is not UTF-8, or a property of every object", async () => {
    await place("live", { a: "one", __proto__: "x" });
    const bound = join(folder, "live/core/conf");
    await writeFile(join(bound, "__proto__"), "two");
    await writeFile(Buffer.from(`${bound}/\xff`, "latin1"), "three");
    expect(Object.values(await filesSeen()).map(({ plainDigest }) => plainDigest)).toEqual(
      ["two", "one", "three"].map((text) => digestBytes(text)),
    );
  });
});

describe("unknown is never absent", () => {
  test("K4003 for a folder or a file that cannot be read", async () => {
    await place("live", { a: "one" });
    for (const path of [
      stateDir,
      join(stateDir, "instances"),
      folder,
      join(folder, "live"),
      join(folder, "live/core"),
    ]) {
      await chmod(path, 0o755);
    }
    await chmod(base, 0o755);
    for (const path of [join(folder, "live/core/conf/a"), join(folder, "live/core/conf"), folder, stateDir]) {
      await chmod(path, 0);
      await asOrdinaryUser(() => expect(observe()).rejects.toMatchObject({ code: "K4003" }));
      await chmod(path, 0o755);
    }
  });

  test.each(["", "{", "[]", '{"app":1}', '{"app":{"a":1}}', "null"])(
    "K4007 for applied.json %j",
    async (text) => {
      await place("live", { a: "one" });
      await writeFile(join(folder, "applied.json"), text);
      await expect(observe()).rejects.toMatchObject({ code: "K4007", outcome: { kind: "stalled" } });
    },
  );

  test.each([
    "instances",
    "instances/core",
    "instances/core/files",
    "instances/core/live",
    "instances/core/applied.json",
  ])("K4006 for a link or something else at %s", async (path) => {
    await mkdir(join(stateDir, path, ".."), { recursive: true });
    await symlink(base, join(stateDir, path));
    await expect(observe()).rejects.toMatchObject({ code: "K4006" });
    await rm(join(stateDir, path));
    await promisify(execFile)("mkfifo", [join(stateDir, path)]);
    await expect(observe()).rejects.toMatchObject({ code: "K4006" });
  });

  test("what others put beside the instances is not one", async () => {
    await place("live", { a: "one" });
    await mkdir(join(stateDir, "instances", "lost+found"));
    await writeFile(join(stateDir, "instances", ".hidden"), "");
    expect((await observe()).storedInstances.map(({ instance }) => instance)).toEqual(["core"]);
  });
});

describe("what services have loaded", () => {
  const loaded = (service: string, files: Record<string, string>) =>
    recordFiles(
      { stateDir },
      {
        kind: "record-files",
        instance: "core",
        service,
        files,
        id: "#1",
        resource: `service:lab-core/${service}`,
        causes: [],
        class: "live",
        after: [],
      },
    );

  test("is noted by service, and nothing is lost when several end at once", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => loaded(`app${index}`, { a: `${index}` })));
    await loaded("app3", { b: "x" });
    const applied = (await observe()).storedInstances[0]?.applied ?? {};
    expect(Object.keys(applied).length).toBe(20);
    expect(applied).toMatchObject({ app3: { b: "x" }, app19: { a: "19" } });
    expect(applied["app3"]).toEqual({ b: "x" });
  });
});

async function asOrdinaryUser(task: () => Promise<void>): Promise<void> {
  if (geteuid?.() !== 0) return await task();
  seteuid?.(65534);
  try {
    await task();
  } finally {
    seteuid?.(0);
  }
}
