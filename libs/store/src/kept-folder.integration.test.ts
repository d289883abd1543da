import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { type DesiredFolder, digestBytes } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { folderOf, keeping } from "./keeping-fixture.ts";
import { keepFolder } from "./kept-folder.ts";
import { contextOf, useStateFolder } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";

let base: string;
let stateDir: string;
useStateFolder((made) => ({ base, stateDir } = made));

const dataOf = (path: string) => join(stateDir, "data", "wiki", path);
const places = () => contextOf(stateDir);

async function observed(folders: DesiredFolder[], input: Partial<Parameters<typeof observeStore>[0]> = {}) {
  const instance = { name: "wiki", folders, mounts: [] };
  const { dataDir, dataFolders } = await observeStore({
    ...places(),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the store does not look at is left out
    desired: { instances: [instance] } as unknown as Parameters<typeof observeStore>[0]["desired"],
    ...input,
  });
  return { dataDir, found: dataFolders ?? [] };
}

async function stateOf(folder: DesiredFolder): Promise<string | undefined> {
  return (await observed([folder])).found[0]?.state;
}

describe("a data folder", () => {
  test("is made open to be read, also under a narrow umask, and the folder of all of them is marked", async () => {
    const before = process.umask(0o077);
    try {
      await keepFolder(places(), keeping(folderOf("var/data")));
    } finally {
      process.umask(before);
    }
    for (const path of ["", "var", "var/data"]) expect((await lstat(dataOf(path))).mode & 0o777).toBe(0o755);
    expect(await readFile(join(stateDir, "data", ".keelson-data"), "utf8")).toContain("Keelson");
    const { dataDir, found } = await observed([folderOf("var/data")]);
    expect(dataDir).toEqual({ path: join(stateDir, "data"), isMarked: true });
    expect(found).toMatchObject([{ path: dataOf("var/data"), state: "empty", files: {}, fault: null }]);
  });

  test("that is there keeps its mode and all that is in it, however often it is kept", async () => {
    await mkdir(dataOf("data"), { recursive: true });
    await chmod(dataOf("data"), 0o700);
    await writeFile(dataOf("data/own"), "1");
    for (const _ of [1, 2]) await keepFolder(places(), keeping(folderOf("data")));
    expect((await lstat(dataOf("data"))).mode & 0o777).toBe(0o700);
    expect(await readdir(dataOf("data"))).toEqual(["own"]);
    expect(await stateOf(folderOf("data"))).toBe("filled");
  });

  test("lies where another instance made it, or where agent.yaml says", async () => {
    await keepFolder(places(), keeping(folderOf("data"), { was: "book" }));
    expect(await readdir(join(stateDir, "data", "book"))).toEqual(["data"]);
    const named = { ...places(), dataFolders: { wiki: join(base, "stacks/wiki") } };
    await keepFolder(named, keeping(folderOf("data"), { was: "book" }));
    await keepFolder(named, keeping(folderOf(".", { a: "1" })));
    expect((await readdir(join(base, "stacks/wiki"))).sort()).toEqual(["a", "data"]);
    const { found } = await observed([folderOf(".", { a: "1" })], named);
    expect(found).toMatchObject([{ path: join(base, "stacks/wiki"), state: "filled" }]);
  });

  test("is absent, empty, filled, a file, or something else", async () => {
    expect(await stateOf(folderOf("data"))).toBe("absent");
    await mkdir(dataOf("data/lost+found"), { recursive: true });
    expect(await stateOf(folderOf("data"))).toBe("empty");
    await writeFile(dataOf("data/a"), "");
    expect(await stateOf(folderOf("data"))).toBe("filled");
    await writeFile(dataOf("acme.json"), "{}");
    expect(await stateOf(folderOf("acme.json"))).toBe("file");
    expect(await stateOf(folderOf("acme.json/x"))).toBe("other");
    await symlink("/etc", dataOf("etc"));
    expect(await stateOf(folderOf("etc"))).toBe("other");
    expect(await stateOf(folderOf("etc/ssl"))).toBe("other");
  });

  test("that only the record knows is looked at, too", async () => {
    const known = {
      [join(base, "old")]: {
        instance: "old",
        source: "data",
        package: "",
        users: [],
        wasFilled: true,
        state: "used" as const,
        placed: {},
      },
    };
    expect((await observed([], { known })).found).toMatchObject([
      { instance: "old", state: "absent", isFormer: true },
    ]);
    await mkdir(join(base, "old/x"), { recursive: true });
    expect((await observed([], { known })).found).toMatchObject([{ instance: "old", state: "filled" }]);
  });

  test("whose disk is not there is not made by a look at it", async () => {
    const { dataDir } = await observed([folderOf("data")], { dataDir: join(base, "mnt") });
    expect(dataDir?.isMarked).toBe(false);
    expect(await readdir(base)).toEqual([]);
  });
});

describe("a kept file", () => {
  const config = folderOf("config", { "app.conf": "1", "bin/run.sh": "#!/bin/sh" });

  test("comes with its mode into what programs have there, and is found as it is", async () => {
    await mkdir(dataOf("config"), { recursive: true });
    await writeFile(dataOf("config/own"), "mine");
    await keepFolder(places(), keeping(config));
    expect((await readdir(dataOf("config"))).sort()).toEqual(["app.conf", "bin", "own"]);
    const [found] = (await observed([config])).found;
    expect(found?.files).toMatchObject({
      "app.conf": { contentDigest: digestBytes("1"), mode: 0o644 },
      "bin/run.sh": { contentDigest: digestBytes("#!/bin/sh"), mode: 0o755 },
    });
  });

  test("replaces what was placed last, keeps that one's owner, and nothing else is touched", async () => {
    await keepFolder(places(), keeping(config));
    await chown(dataOf("config/app.conf"), 1000, 1001);
    const next = folderOf("config", { "app.conf": "2" });
    const operation = keeping(next, { place: { "app.conf": digestBytes("1") } });
    for (const _ of [1, 2]) await keepFolder(places(), operation);
    expect(await readFile(dataOf("config/app.conf"), "utf8")).toBe("2");
    expect(await lstat(dataOf("config/app.conf"))).toMatchObject({ uid: 1000, gid: 1001 });
    expect((await readdir(dataOf("config"))).sort()).toEqual(["app.conf", "bin"]);
  });

  test("never replaces what somebody has made there since the plan", async () => {
    await keepFolder(places(), keeping(config));
    await writeFile(dataOf("config/app.conf"), "by hand");
    const next = folderOf("config", { "app.conf": "2" });
    for (const replaces of [digestBytes("1"), null]) {
      const operation = keeping(next, { place: { "app.conf": replaces } });
      await expect(keepFolder(places(), operation)).rejects.toMatchObject({ code: "K3077" });
    }
    const removal = keeping(folderOf("config"), { remove: { "app.conf": digestBytes("1") } });
    await expect(keepFolder(places(), removal)).rejects.toMatchObject({ code: "K3077" });
    expect(await readFile(dataOf("config/app.conf"), "utf8")).toBe("by hand");
    expect((await readdir(dataOf("config"))).sort()).toEqual(["app.conf", "bin"]);
  });

  test("goes when Git has it no more, with nothing else, and once", async () => {
    await keepFolder(places(), keeping(config));
    await writeFile(dataOf("config/own"), "mine");
    const removal = keeping(folderOf("config"), {
      remove: { "app.conf": digestBytes("1"), "bin/run.sh": digestBytes("#!/bin/sh") },
    });
    for (const _ of [1, 2]) await keepFolder(places(), removal);
    expect((await readdir(dataOf("config"))).sort()).toEqual(["bin", "own"]);
  });

  test("is never written or removed through a link that a container has put there", async () => {
    await mkdir(dataOf("config"), { recursive: true });
    await mkdir(join(base, "host"));
    await writeFile(join(base, "host/run.sh"), "#!/bin/sh");
    await symlink(join(base, "host"), dataOf("config/bin"));
    await symlink(join(base, "host/run.sh"), dataOf("config/app.conf"));
    const [found] = (await observed([config])).found;
    expect(found?.files).toEqual({ "app.conf": { contentDigest: "differs", mode: 0, uid: 0, gid: 0 } });
    await expect(keepFolder(places(), keeping(config))).rejects.toMatchObject({ code: "K3077" });
    await rm(dataOf("config/app.conf"));
    await expect(keepFolder(places(), keeping(config))).rejects.toMatchObject({ code: "K4006" });
    const removal = keeping(folderOf("config"), { remove: { "bin/run.sh": digestBytes("#!/bin/sh") } });
    await keepFolder(places(), removal);
    expect(await readdir(join(base, "host"))).toEqual(["run.sh"]);
    expect(await readFile(join(base, "host/run.sh"), "utf8")).toBe("#!/bin/sh");
  });

  test("does not come through a link in the place of its folder or on the way to it", async () => {
    await mkdir(join(base, "host"));
    await mkdir(join(stateDir, "data/wiki"), { recursive: true });
    await symlink(join(base, "host"), dataOf("config"));
    await expect(keepFolder(places(), keeping(config))).rejects.toMatchObject({ code: "K4006" });
    await rename(dataOf("config"), join(stateDir, "data/book"));
    await expect(keepFolder(places(), keeping(config, { was: "book" }))).rejects.toMatchObject({
      code: "K4006",
    });
    expect(await readdir(join(base, "host"))).toEqual([]);
  });

  test("that is bound by itself lies in its folder; what is a folder there is no file", async () => {
    const single = folderOf("state.json", { "state.json": "{}" }, "file");
    await keepFolder(places(), keeping(single));
    expect(await readFile(dataOf("state.json"), "utf8")).toBe("{}");
    const [found] = (await observed([single])).found;
    expect(found).toMatchObject({
      state: "file",
      files: { "state.json": { contentDigest: digestBytes("{}") } },
    });
    await rm(dataOf("state.json"));
    await mkdir(dataOf("state.json"));
    expect(await stateOf(single)).toBe("empty");
  });

  test("leaves no draft of a kill behind", async () => {
    await mkdir(dataOf("config"), { recursive: true });
    await writeFile(dataOf("config/.app.conf.keelson-new"), "half");
    await keepFolder(places(), keeping(folderOf("config", { "app.conf": "1" })));
    expect(await readdir(dataOf("config"))).toEqual(["app.conf"]);
  });
});
