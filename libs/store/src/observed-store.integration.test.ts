import { execFile } from "node:child_process";
import { chmod, mkdir, open, readlink, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { geteuid, seteuid } from "node:process";
import { promisify } from "node:util";
import type { DesiredMount, MountLayout } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { recordFiles, writeApplied } from "./applied-files.ts";
import {
  contextOf,
  desiring,
  makeDeep,
  mountOf,
  placing,
  removing,
  useStateFolder,
} from "./mount-fixture.ts";
import type { FileTexts } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";
import { entriesLimit, pathsLimit } from "./other-files.ts";
import { placeFiles } from "./placed-files.ts";
import { removeFiles } from "./removed-files.ts";

let base: string;
let stateDir: string;
let folder: string;
useStateFolder((made) => ({ base, stateDir, folder } = made));

const observe = (mounts: DesiredMount[], others: Record<string, DesiredMount[]> = {}) =>
  observeStore({ ...contextOf(stateDir), desired: desiring(mounts, others) });
const seen = async (...mounts: DesiredMount[]) =>
  (await observe(mounts)).storedInstances.find(({ instance }) => instance === "core");
const place = async (layout: MountLayout, files: FileTexts, instance = "core") => {
  const mount = mountOf(layout, { files });
  await placeFiles(contextOf(stateDir), placing(mount, instance));
  return mount;
};
const owner = { uid: geteuid?.() ?? 0, gid: geteuid?.() ?? 0 };

/** By path inside the mount, what is seen of its files: as desired or not. */
async function stateOf(mount: DesiredMount): Promise<Record<string, string>> {
  const { files = {} } = (await seen(mount)) ?? {};
  const entries = Object.entries(files).map(([path, { contentDigest }]) => {
    const inside = path.slice(mount.target.length + 1);
    const desired = mount.files.find((file) => file.path === inside)?.contentDigest;
    return [inside, contentDigest === desired ? "same" : contentDigest];
  });
  return Object.fromEntries(entries);
}

test("no state folder, or an empty one, is an empty store", async () => {
  expect(await observe([])).toMatchObject({ storedInstances: [], dataFolders: [] });
  await mkdir(join(stateDir, "instances"), { recursive: true });
  expect(await observe([])).toMatchObject({ storedInstances: [], dataFolders: [] });
});

test("every desired file with its mode and owner, as a container sees it; instances sorted", async () => {
  const files = { "a.conf": "one", "sub/b.conf": { text: "SECRET", mode: 0o400, secrets: ["a.b"] } };
  const mount = await place("data", files);
  const another = await place("live", { z: "z" }, "another");
  await writeApplied({ stateDir }, { instance: "core", applied: { app: { "core/conf/a.conf": "d" } } });
  const { storedInstances } = await observe([mount], { another: [another] });
  expect(storedInstances.map(({ instance }) => instance)).toEqual(["another", "core"]);
  const [, secret] = mount.files;
  expect(storedInstances[1]).toEqual({
    instance: "core",
    folder,
    hasModel: false,
    files: {
      "live/core/conf/a.conf": { contentDigest: mount.files[0]?.contentDigest, mode: 0o644, ...owner },
      "live/core/conf/sub/b.conf": { contentDigest: secret?.contentDigest, mode: 0o400, ...owner },
    },
    others: [],
    applied: { app: { "core/conf/a.conf": "d" } },
    fault: null,
  });
});

test("a secret is compared as it is filled in; one that cannot be known here equals nothing", async () => {
  const files = { key: { text: "SECRET", secrets: ["a.b"] } };
  const mount = await place("live", files);
  await writeFile(join(folder, "live/core/conf/key"), "hunter3");
  expect(await stateOf(mount)).toEqual({ key: "differs" });
  await writeFile(join(folder, "live/core/conf/key"), "hunter2");
  expect(await stateOf(mount)).toEqual({ key: "same" });
  const unknown = mountOf("live", { files: { key: { ...files.key, contentDigest: "unknown:1" } } });
  expect(await stateOf(unknown)).toEqual({ key: "differs" });
});

describe("what is not as Keelson left it is a difference", () => {
  test("other bytes, another mode, a setuid bit, another file, a file less", async () => {
    const mount = await place("live", { a: "one", b: "two", c: "three" });
    await writeFile(join(folder, "live/core/conf/a"), "eno");
    await chmod(join(folder, "live/core/conf/b"), 0o4755);
    await rm(join(folder, "live/core/conf/c"));
    await writeFile(join(folder, "live/core/conf/d"), "");
    expect(await stateOf(mount)).toEqual({ a: "differs", b: "same" });
    expect(await seen(mount)).toMatchObject({
      files: { "live/core/conf/b": { mode: 0o4755 } },
      others: ["live/core/conf/d"],
    });
  });

  test("a link is a link, wherever it leads, and nothing behind it is seen", async () => {
    const mount = await place("live", { a: "one", b: "one", "sub/c": "one" });
    const bound = join(folder, "live/core/conf");
    await rm(join(bound, "b"));
    await symlink("a", join(bound, "b"));
    await rename(join(bound, "sub"), join(bound, "elsewhere"));
    await symlink("elsewhere", join(bound, "sub"));
    await symlink("/etc", join(bound, "to-folder"));
    await symlink("nothing", join(bound, "dangling"));
    await symlink("..data/x", join(bound, "x"));
    expect(await stateOf(mount)).toEqual({ a: "same", b: "differs" });
    const others = ["dangling", "elsewhere/c", "sub", "to-folder", "x"];
    expect((await seen(mount))?.others).toEqual(others.map((path) => `live/core/conf/${path}`));
  });

  test("a ..data that leads elsewhere shows nothing of it", async () => {
    const mount = await place("data", { passwd: "one" });
    const bound = join(folder, "live/core/conf");
    for (const target of ["/etc", "../../../../../../../../etc", "..data", "..nothing", "..link"]) {
      await rm(join(bound, "..data"));
      await symlink(target, join(bound, "..data"));
      await rm(join(bound, "..link"), { force: true });
      await symlink("/etc", join(bound, "..link"));
      expect(await stateOf(mount)).toEqual({ passwd: "differs" });
    }
  });

  test("a file behind ..data that is gone or edited", async () => {
    const mount = await place("data", { a: "one", b: "two" });
    const bound = join(folder, "live/core/conf");
    const generation = join(bound, await readlink(join(bound, "..data")));
    await rm(join(generation, "a"));
    await writeFile(join(generation, "b"), "edited");
    expect(await stateOf(mount)).toEqual({ a: "differs", b: "differs" });
  });

  test("a file that a container left is told by its path, one that was dropped behind ..data too", async () => {
    await place("data", { a: "one", "old/b": "two" });
    await mkdir(join(folder, "live/core/conf/empty/empty"), { recursive: true });
    await mkdir(join(folder, "live/core/conf/cache/one"), { recursive: true });
    await writeFile(join(folder, "live/core/conf/cache/one/x"), "");
    const mount = mountOf("data", { files: { a: "one" } });
    expect((await seen(mount))?.others).toEqual(["live/core/conf/cache/one/x", "live/core/conf/old/b"]);
  });

  test("a pipe, a socket and a device are not opened, and a huge file is not read", async () => {
    const mount = await place("live", { a: "1", b: "2", c: "3", d: "4" });
    const bound = join(folder, "live/core/conf");
    for (const name of ["a", "b"]) await rm(join(bound, name));
    await promisify(execFile)("mkfifo", [join(bound, "a"), join(bound, "other")]);
    await promisify(execFile)("mknod", [join(bound, "b"), "c", "1", "5"]); // zeros without end
    await truncate(join(bound, "c"), 2 ** 40);
    for (let each = 0; each < 300; each++) await sparse(join(bound, `sparse-${each}`), 67_000_000);
    const before = process.resourceUsage().fsRead;
    expect(await stateOf(mount)).toEqual({ a: "differs", b: "differs", c: "differs", d: "same" });
    expect((await seen(mount))?.others.length).toBe(301);
    expect(process.resourceUsage().fsRead - before).toBeLessThan(2000);
  });

  test("folders nested without end are one thing that does not belong there", async () => {
    const mount = await place("live", { a: "one" });
    makeDeep(join(folder, "live/core/conf"), 400);
    const [other = "", ...more] = (await seen(mount))?.others ?? [];
    expect(other.length).toBeLessThan(150);
    expect(more).toEqual([]);
    await place("live", { a: "one" });
    expect(await seen(mount)).toMatchObject({ others: [], fault: null });
  });

  test("a name that is not UTF-8, also one that reads like a desired one, or a property of every object", async () => {
    const mount = await place("live", { "\ufffd": "one", constructor: "x" });
    const bound = join(folder, "live/core/conf");
    await writeFile(Buffer.from(`${bound}/\xf0\x9f\x98`, "latin1"), "three");
    await writeFile(join(bound, "__proto__"), "two");
    expect(await stateOf(mount)).toEqual({ "\ufffd": "same", constructor: "same" });
    expect((await seen(mount))?.others).toEqual(["live/core/conf/__proto__", "live/core/conf/\ufffd"]);
    await placeFiles(contextOf(stateDir), placing(mount));
    expect((await seen(mount))?.others).toEqual([]);
    expect(await stateOf(mount)).toEqual({ "\ufffd": "same", constructor: "same" });
  });

  test("what is no longer desired is told as a whole and not gone into", async () => {
    const mount = await place("live", { a: "one" });
    const old = mountOf("content", { source: "core/old", files: { x: "1", "y/z": "2" } });
    await placeFiles(contextOf(stateDir), placing(old));
    await placeFiles(
      contextOf(stateDir),
      placing(mountOf("live", { source: "core/gone", files: { x: "1" } })),
    );
    expect((await seen(mount))?.others).toEqual([
      old.target.split("/").slice(0, 2).join("/"),
      "live/core/gone",
    ]);
  });
});

describe("what a container writes is looked at in bounds, and is the fault of its instance alone", () => {
  const atOnce = async (paths: string[]) => {
    for (const path of paths) await (await open(path, "w")).close();
  };
  const names = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

  test.each<[string, (bound: string) => Promise<unknown>]>([
    ["files", async (bound) => atOnce(names(pathsLimit + 1, `${bound}/f`))],
    [
      "folders",
      async (bound) => Promise.all(names(entriesLimit + 1, `${bound}/d`).map((path) => mkdir(path))),
    ],
    ["names of the data layout", async (bound) => atOnce(names(entriesLimit + 1, `${bound}/..`))],
    [
      "long names",
      async (bound) => {
        await mkdir(`${bound}/${"x".repeat(250)}/${"y".repeat(250)}`, { recursive: true });
        await atOnce(names(900, `${bound}/${"x".repeat(250)}/${"y".repeat(250)}/${"z".repeat(200)}`));
      },
    ],
  ])("too many %s: K4009, the desired files are seen, and placing them clears it", async (_what, flood) => {
    const mount = await place("live", { a: "one", b: "two" });
    const another = await place("live", { a: "one" }, "another");
    await flood(join(folder, "live/core/conf"));
    await writeFile(join(folder, "live/core/conf/b"), "owt");
    const { storedInstances } = await observe([mount], { another: [another] });
    const message = expect.stringMatching(/ \/\S+\/instances\/core\/live\/core\/conf /);
    const fault = { hides: "others", code: "K4009", message };
    expect(storedInstances).toMatchObject([{ instance: "another", fault: null }, { fault }]);
    expect(await stateOf(mount)).toEqual({ a: "same", b: "differs" });
    await placeFiles(contextOf(stateDir), placing(mount));
    expect(await seen(mount)).toMatchObject({ others: [], fault: null });
    expect(await stateOf(mount)).toEqual({ a: "same", b: "same" });
  });

  test("as many as the limit are no fault", async () => {
    const mount = await place("live", { a: "one" });
    await atOnce(names(pathsLimit, join(folder, "live/core/conf/f")));
    const stored = await seen(mount);
    expect(stored?.fault).toBeNull();
    expect(stored?.others.length).toBe(pathsLimit);
  });

  test("while much is removed, the event loop is free", async () => {
    const mount = await place("live", { a: "one" });
    await atOnce(names(20_000, join(folder, "live/core/conf/f")));
    let turns = 0;
    const watch = setInterval(() => void (turns += 1), 1);
    try {
      await placeFiles(contextOf(stateDir), placing(mount));
      expect(turns).toBeGreaterThan(3);
    } finally {
      clearInterval(watch);
    }
    expect(await seen(mount)).toMatchObject({ others: [], fault: null });
  });
});

describe("unknown is never absent", () => {
  test("K4003 for an instance whose folder or files cannot be read, and for that one alone", async () => {
    const mount = await place("live", { a: "one" });
    const another = await place("live", { a: "one" }, "another");
    await openToAll();
    for (const path of [join(folder, "live/core/conf/a"), join(folder, "live/core/conf"), folder]) {
      await chmod(path, 0);
      await asOrdinaryUser(async () => {
        const { storedInstances } = await observe([mount], { another: [another] });
        expect(storedInstances[0]).toMatchObject({ instance: "another", fault: null });
        expect(Object.keys(storedInstances[0]?.files ?? {})).toEqual(["live/core/conf/a"]);
        const fault = { hides: "files", code: "K4003" };
        expect(storedInstances[1]).toMatchObject({ instance: "core", files: {}, others: [], fault });
      });
      await chmod(path, 0o755);
    }
  });

  test("K4003 when the instances cannot be listed", async () => {
    const mount = await place("live", { a: "one" });
    await openToAll();
    for (const path of [join(stateDir, "instances"), stateDir]) {
      await chmod(path, 0);
      await asOrdinaryUser(() => expect(observe([mount])).rejects.toMatchObject({ code: "K4003" }));
      await chmod(path, 0o755);
    }
  });

  const openToAll = async () => {
    for (const path of [base, stateDir, join(stateDir, "instances")]) await chmod(path, 0o755);
    for (const instance of ["core", "another"]) {
      for (const below of ["", "live", "live/core"])
        await chmod(join(stateDir, "instances", instance, below), 0o755).catch(() => {});
    }
  };

  test.each(["", "{", "[]", '{"app":1}', '{"app":{"a":1}}', "null"])(
    "K4007 for applied.json %j",
    async (text) => {
      const mount = await place("live", { a: "one" });
      await writeFile(join(folder, "applied.json"), text);
      expect(await seen(mount)).toMatchObject({ files: {}, fault: { hides: "files", code: "K4007" } });
    },
  );

  test.each(["instances/core", "instances/core/files", "instances/core/live", "instances/core/applied.json"])(
    "K4006 for a link or something else at %s",
    async (path) => {
      await mkdir(join(stateDir, path, ".."), { recursive: true });
      await symlink(base, join(stateDir, path));
      expect((await seen())?.fault).toMatchObject({ hides: "files", code: "K4006" });
      await rm(join(stateDir, path));
      await promisify(execFile)("mkfifo", [join(stateDir, path)]);
      expect((await seen())?.fault).toMatchObject({ hides: "files", code: "K4006" });
    },
  );

  test("K4006 for a link at the folder of all instances", async () => {
    await mkdir(stateDir);
    await symlink(base, join(stateDir, "instances"));
    await expect(observe([])).rejects.toMatchObject({ code: "K4006" });
  });

  test("what others put beside the instances is not one", async () => {
    await place("live", { a: "one" });
    await mkdir(join(stateDir, "instances", "lost+found"));
    await writeFile(join(stateDir, "instances", ".hidden"), "");
    await writeFile(Buffer.from(`${stateDir}/instances/\xff`, "latin1"), "");
    expect((await observe([])).storedInstances.map(({ instance }) => instance)).toEqual(["core"]);
  });

  test("an instance that is not desired has its folders to remove, whatever a container made of them", async () => {
    const mount = await place("live", { a: "one" });
    makeDeep(join(folder, "live/core/conf"), 2_000);
    expect((await observe([])).storedInstances).toMatchObject([{ others: ["live/core"], fault: null }]);
    await removeFiles({ stateDir }, removing(["live/core"]));
    expect(await seen(mount)).toMatchObject({ files: {}, others: [] });
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
    const applied = (await seen())?.applied ?? {};
    expect(Object.keys(applied).length).toBe(20);
    expect(applied).toMatchObject({ app3: { b: "x" }, app19: { a: "19" } });
    expect(applied["app3"]).toEqual({ b: "x" });
  });
});

async function sparse(path: string, sizeBytes: number): Promise<void> {
  await writeFile(path, "");
  await truncate(path, sizeBytes);
}

async function asOrdinaryUser(task: () => Promise<void>): Promise<void> {
  if (geteuid?.() !== 0) return await task();
  seteuid?.(65534);
  try {
    await task();
  } finally {
    seteuid?.(0);
  }
}

test.each<MountLayout>(["content", "live", "data"])(
  "what programs make where they may write is theirs, however much it is, in layout %s",
  async (layout) => {
    const files = { "a.conf": "one", "sub/b.conf": "two" };
    const mount = { ...mountOf(layout, { target: "writable/0123/conf", files }), writable: true };
    await placeFiles(contextOf(stateDir), placing(mount));
    for (let each = 0; each <= pathsLimit; each++)
      await writeFile(join(folder, mount.target, `made-${each}`), "theirs");
    expect(await stateOf(mount)).toEqual({ "a.conf": "same", "sub/b.conf": "same" });
    expect(await seen(mount)).toMatchObject({ others: [], fault: null });
    expect((await seen())?.others).toEqual(["writable/0123"]);
  },
);
