import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { geteuid, seteuid, umask } from "node:process";
import type { DesiredMount, MountLayout } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { contextOf, mountOf, placing, snapshot, visibleSnapshot, useStateFolder } from "./mount-fixture.ts";
import { placeFiles } from "./placed-files.ts";

let base: string;
let stateDir: string;
let folder: string;
useStateFolder((made) => ({ base, stateDir, folder } = made));

const place = (mount: DesiredMount) => placeFiles(contextOf(stateDir), placing(mount));
const identity = async (path: string) => {
  const { ino, mtimeMs } = await lstat(path);
  return { ino, mtimeMs };
};
const layouts: MountLayout[] = ["content", "live", "data"];
const files = { "a.conf": "one", "b.conf": { text: "two", mode: 0o640 }, "sub/deep/c.conf": "three" };

describe("where programs may write", () => {
  const others = { "made.db": "644 theirs", "sub/made.db": "644 theirs" };

  test.each(layouts)("what they make is theirs, also beside a new content, in layout %s", async (layout) => {
    const target = "writable/0123/conf";
    const writable = (texts: typeof files) => ({
      ...mountOf(layout, { target, files: texts }),
      writable: true,
    });
    await place(writable(files));
    const bound = join(folder, target);
    await writeFile(join(bound, "made.db"), "theirs");
    await writeFile(join(bound, "sub", "made.db"), "theirs");
    await place(writable({ ...files, "a.conf": "another" }));
    const seen = await visibleSnapshot(bound);
    // A folder behind `..data` is made anew as a whole.
    const kept = layout === "data" ? { "made.db": others["made.db"] } : others;
    expect(seen).toMatchObject({ ...kept, "a.conf": "644 another", "sub/deep/c.conf": "644 three" });
    expect((await readdir(bound)).filter((name) => /^\.\.[0-9a-f]{32}/.test(name))).toHaveLength(
      layout === "data" ? 1 : 0,
    );
  });
});

describe("a seed", () => {
  const seed = (text: string) => ({ text, onChange: "seed" as const });
  const mount = (texts: Record<string, string>) => ({
    ...mountOf("live", {
      target: "writable/0123/conf",
      files: Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, seed(text)])),
    }),
    writable: true,
  });
  const bound = () => join(folder, "writable/0123/conf");

  test("is placed where nothing has its name, and then left alone, whatever it becomes", async () => {
    await place(mount({ "a.conf": "one", "sub/b.conf": "two", "c.conf": "three" }));
    expect(await visibleSnapshot(bound())).toEqual({
      "a.conf": "644 one",
      "sub/b.conf": "644 two",
      "c.conf": "644 three",
      sub: "folder 755",
    });
    await writeFile(join(bound(), "a.conf"), "its own");
    await chmod(join(bound(), "a.conf"), 0o600);
    await rm(join(bound(), "sub/b.conf"));
    await rm(join(bound(), "c.conf"));
    await symlink("/etc/passwd", join(bound(), "c.conf"));
    const before = await identity(join(bound(), "a.conf"));
    await place(mount({ "a.conf": "another", "sub/b.conf": "new", "c.conf": "new" }));
    expect(await identity(join(bound(), "a.conf"))).toEqual(before);
    expect(await readFile(join(bound(), "sub/b.conf"), "utf8")).toBe("new");
    expect(await readlink(join(bound(), "c.conf"))).toBe("/etc/passwd");
    expect((await lstat(join(bound(), "sub/b.conf"))).nlink).toBe(1);
  });
});

describe("the three layouts", () => {
  test("content: below its digest", async () => {
    const mount = mountOf("content", { files });
    expect(mount.target).toMatch(/^files\/[0-9a-f]{32}\/conf$/);
    await place(mount);
    expect(await snapshot(join(folder, mount.target))).toEqual({
      "a.conf": "644 one",
      "b.conf": "640 two",
      sub: "folder 755",
      "sub/deep": "folder 755",
      "sub/deep/c.conf": "644 three",
    });
  });

  test("live: below its source, and one file alone too", async () => {
    await place(mountOf("live", { files: { "a.conf": "one" } }));
    const single = mountOf("live", { source: "core/one.yml", kind: "file", files: { "one.yml": "single" } });
    expect(single.target).toBe("live/core/one.yml");
    await place(single);
    expect(await snapshot(folder)).toEqual({
      live: "folder 700",
      "live/core": "folder 755",
      "live/core/conf": "folder 755",
      "live/core/conf/a.conf": "644 one",
      "live/core/one.yml": "644 single",
    });
  });

  test("data: behind ..data, visible names are links", async () => {
    await place(mountOf("data", { files }));
    const bound = join(folder, "live/core/conf");
    const generation = await readlink(join(bound, "..data"));
    expect(generation).toMatch(/^\.\.[0-9a-f]{32}$/);
    expect(await snapshot(bound)).toEqual({
      "..data": `link ${generation}`,
      [generation]: "folder 755",
      [`${generation}/a.conf`]: "644 one",
      [`${generation}/b.conf`]: "640 two",
      [`${generation}/sub`]: "folder 755",
      [`${generation}/sub/deep`]: "folder 755",
      [`${generation}/sub/deep/c.conf`]: "644 three",
      "a.conf": "link ..data/a.conf",
      "b.conf": "link ..data/b.conf",
      sub: "link ..data/sub",
    });
    expect(await readFile(join(bound, "sub/deep/c.conf"), "utf8")).toBe("three");
  });

  test("the state folder and the instance's own are closed to others, what is bound is not, whatever the umask", async () => {
    const before = umask(0o077);
    try {
      for (const layout of layouts) await place(mountOf(layout, { source: `core/${layout}`, files }));
    } finally {
      umask(before);
    }
    for (const path of [
      stateDir,
      join(stateDir, "instances"),
      folder,
      join(folder, "live"),
      join(folder, "files"),
    ]) {
      expect((await stat(path)).mode & 0o777).toBe(0o700);
    }
    const entries = Object.entries(await snapshot(folder)).filter(([path]) => path.includes("/"));
    const folders = entries.filter(([, shown]) => shown.startsWith("folder"));
    expect(folders.length).toBeGreaterThan(8);
    expect(folders.filter(([, shown]) => shown !== "folder 755")).toEqual([]);
  });
});

describe.each(layouts)("placing %s again", (layout) => {
  const placedAt = (mount: DesiredMount, name: string) => join(folder, mount.target, name);

  test("touches nothing that is right", async () => {
    const mount = mountOf(layout, { files });
    await place(mount);
    const paths = ["", ...Object.keys(await snapshot(folder))].map((path) => join(folder, path));
    const before = await Promise.all(paths.map(identity));
    await place(mount);
    expect(await Promise.all(paths.map(identity))).toEqual(before);
  });

  test("touches only what changed, and removes what was dropped", async () => {
    const target = layout === "content" ? "files/fixed/conf" : "live/core/conf";
    const first = mountOf(layout, { target, files: { ...files, "gone/d.conf": "four" } });
    await place(first);
    const kept = await stat(placedAt(first, "b.conf"));
    const old = await stat(placedAt(first, "a.conf"));
    const second = mountOf(layout, { target, files: { ...files, "a.conf": "changed" } });
    await place(second);
    expect(await readFile(placedAt(second, "a.conf"), "utf8")).toBe("changed");
    expect((await stat(placedAt(second, "a.conf"))).ino).not.toBe(old.ino);
    const again = await stat(placedAt(second, "b.conf"));
    expect([again.ino, again.mtimeMs]).toEqual([kept.ino, kept.mtimeMs]);
    const visible = (await readdir(join(folder, target))).filter((name) => !name.startsWith(".."));
    expect(visible.sort()).toEqual(["a.conf", "b.conf", "sub"]);
    expect((await readdir(join(folder, target))).length).toBe(layout === "data" ? 5 : 3);
  });

  test("mends what a hand did", async () => {
    const mount = mountOf(layout, { files });
    await place(mount);
    const right = await snapshot(join(folder, mount.target));
    const visible = async () => await visibleSnapshot(join(folder, mount.target));
    const wanted = await visible();
    const damages: (() => Promise<unknown>)[] = [
      () => writeFile(placedAt(mount, "a.conf"), "edited"),
      () => chmod(placedAt(mount, "b.conf"), 0o666),
      () => rm(placedAt(mount, "a.conf")),
      () => writeFile(placedAt(mount, "extra.conf"), "x"),
      () => writeFile(placedAt(mount, "sub/extra.conf"), "x"),
      () => rm(placedAt(mount, "sub/deep/c.conf")),
      () => mkdir(placedAt(mount, "empty/er"), { recursive: true }),
      () => chmod(placedAt(mount, "sub"), 0o700),
      async () => {
        await rm(placedAt(mount, "b.conf"));
        await mkdir(placedAt(mount, "b.conf/x"), { recursive: true });
      },
      async () => {
        await rename(placedAt(mount, "sub"), placedAt(mount, "moved"));
        await writeFile(placedAt(mount, "sub"), "no folder");
      },
      () => writeFile(Buffer.from(`${placedAt(mount, "bad")}\xff`, "latin1"), "no UTF-8"),
    ];
    for (const damage of damages) {
      await damage();
      expect(await visible()).not.toEqual(wanted);
      await place(mount);
      expect(await visible()).toEqual(wanted);
      const names = Object.keys(await snapshot(join(folder, mount.target)));
      expect(names.length).toBe(Object.keys(right).length);
    }
  });
});

describe("a change of layout", () => {
  const pairs = layouts.flatMap((from) => layouts.map((to) => [from, to] as const));
  test.each(pairs.filter(([from, to]) => from !== to))(
    "from %s to %s leaves nothing of the old one",
    async (from, to) => {
      const target = "live/core/conf";
      await place(mountOf(to, { target, files }));
      const wanted = await snapshot(folder);
      await rm(folder, { recursive: true });
      await place(mountOf(from, { target, files: { ...files, "old/x": "x", "a.conf": "before" } }));
      await place(mountOf(to, { target, files }));
      expect(await snapshot(folder)).toEqual(wanted);
    },
  );

  test("from a bound file to a bound folder in its place and back", async () => {
    const file = mountOf("live", { source: "core", kind: "file", files: { core: "file" } });
    await place(file);
    await place(mountOf("live", { files: { "a.conf": "one" } }));
    expect(await readFile(join(folder, "live/core/conf/a.conf"), "utf8")).toBe("one");
    await place(file);
    expect(await readFile(join(folder, "live/core"), "utf8")).toBe("file");
  });
});

describe("mode and owner", () => {
  test.skipIf(geteuid?.() !== 0)("are given before the file gets its name (needs root)", async () => {
    const mount = mountOf("live", {
      files: { "a.conf": { text: "one", mode: 0o440, owner: { uid: 4242, gid: 4343 } } },
    });
    await place(mount);
    const path = join(folder, mount.target, "a.conf");
    const { mode, uid, gid } = await stat(path);
    expect([mode & 0o7777, uid, gid]).toEqual([0o440, 4242, 4343]);
    await chown(path, 1, 4343);
    await place(mount);
    expect((await stat(path)).uid).toBe(4242);
  });

  test("K4005 for another's owner without root, and the file there stays", async () => {
    await chmod(base, 0o777);
    const foreign = { uid: 4242, gid: 4242 };
    const mount = (text: string, owner: typeof foreign | null) =>
      mountOf("live", { files: { "a.conf": { text, owner } } });
    await asOrdinaryUser(async () => {
      await place(mount("one", null));
      await expect(place(mount("two", foreign))).rejects.toMatchObject({
        code: "K4005",
        outcome: { kind: "stalled" },
      });
    });
    expect(await readFile(join(folder, "live/core/conf/a.conf"), "utf8")).toBe("one");
    expect((await readdir(folder)).sort()).toEqual(["live"]);
  });

  test("K4004 where the agent may not write", async () => {
    await mkdir(stateDir, { mode: 0o500 });
    await asOrdinaryUser(async () => {
      await expect(place(mountOf("live", { files }))).rejects.toMatchObject({ code: "K4004" });
    });
  });
});

describe("secrets", () => {
  test("are filled in where a file declares them", async () => {
    const secret = { text: "k: SECRET", mode: 0o400, secrets: ["pryv.key"] };
    const seen: number[] = [];
    const context = contextOf(stateDir);
    for (const layout of layouts) {
      const mount = mountOf(layout, {
        source: `core/${layout}`,
        files: { "a.conf": secret, "b.conf": "SECRET" },
      });
      await placeFiles(context, placing(mount));
      expect(await readFile(join(folder, mount.target, "a.conf"), "utf8")).toBe("k: hunter2");
      expect(await readFile(join(folder, mount.target, "b.conf"), "utf8")).toBe("SECRET");
      seen.push((await stat(join(folder, mount.target, "a.conf"))).mode & 0o777);
    }
    expect(seen).toEqual([0o400, 0o400, 0o400]);
  });

  test("what filling them throws is passed on, and nothing is written", async () => {
    const context = {
      stateDir,
      fillSecrets: () => {
        throw new Error("K5002");
      },
    };
    const mount = mountOf("live", { files: { "a.conf": { text: "x", secrets: ["a.b"] } } });
    await expect(placeFiles(context, placing(mount))).rejects.toThrow("K5002");
    await expect(stat(stateDir)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("K4006: paths that lead elsewhere", () => {
  const refused = { code: "K4006", outcome: { kind: "stalled" } };

  test.each(["../x", "/x", "a/../../x", "a//x", "./x", "", "..data", "a/..x", "a\0b", "a/"])(
    "a file's path %j",
    async (path) => {
      await expect(place(mountOf("live", { files: { ok: "x", [path]: "x" } }))).rejects.toMatchObject(
        refused,
      );
      await expect(stat(stateDir)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );

  test.each([
    "x",
    "live",
    "files",
    "../live/x",
    "live/../x",
    "/live/x",
    "live/",
    "live//x",
    "git/x",
    "live/..data",
  ])("a mount's target %j", async (target) => {
    await expect(place(mountOf("live", { target, files }))).rejects.toMatchObject(refused);
  });

  test.each(["..", ".", "a/b", "../x", "", "A", "a\0"])("an instance's name %j", async (instance) => {
    const operation = placing(mountOf("live", { files }), instance);
    await expect(placeFiles(contextOf(stateDir), operation)).rejects.toMatchObject(refused);
  });

  test.each([
    ["a", "a/b"],
    ["a/b", "a"],
    ["a/b/c", "a/b"],
  ])("%j and %j in one mount", async (one, other) => {
    await expect(place(mountOf("live", { files: { [one]: "1", [other]: "2" } }))).rejects.toMatchObject(
      refused,
    );
  });

  test.each([
    "instances",
    "instances/core",
    "instances/core/live",
    "instances/core/live/core",
    "instances/core/live/core/conf",
  ])("a link planted at %s", async (planted) => {
    const elsewhere = join(base, "elsewhere");
    await mkdir(elsewhere);
    await mkdir(join(stateDir, planted, ".."), { recursive: true });
    await symlink(elsewhere, join(stateDir, planted));
    for (const layout of ["live", "data"] as const) {
      await expect(place(mountOf(layout, { files }))).rejects.toMatchObject(refused);
    }
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test.each(layouts)(
    "links planted inside a mount of layout %s are replaced and not followed",
    async (layout) => {
      const elsewhere = join(base, "elsewhere");
      await mkdir(join(elsewhere, "deep"), { recursive: true });
      await writeFile(join(elsewhere, "a.conf"), "theirs");
      const mount = mountOf(layout, { files });
      await place(mount);
      const wanted = await visibleSnapshot(join(folder, mount.target));
      const bound = join(folder, mount.target);
      for (const name of ["a.conf", "sub"]) await rm(join(bound, name), { recursive: true });
      await symlink(join(elsewhere, "a.conf"), join(bound, "a.conf"));
      await symlink(elsewhere, join(bound, "sub"));
      await symlink(elsewhere, join(bound, "extra"));
      if (layout === "data") {
        await rm(join(bound, "..data"));
        await symlink(elsewhere, join(bound, "..data"));
      }
      await place(mount);
      expect(await visibleSnapshot(bound)).toEqual(wanted);
      expect(await snapshot(elsewhere)).toEqual({ "a.conf": "644 theirs", deep: "folder 755" });
    },
  );

  test("the state folder itself may be a link, that is the administrator's choice", async () => {
    await mkdir(join(base, "disk"));
    await symlink(join(base, "disk"), stateDir);
    await place(mountOf("live", { files }));
    expect(await readdir(join(base, "disk"))).toEqual(["instances"]);
  });
});

test("K4008 for a file that is no configuration any more", async () => {
  const mount = mountOf("live", { files: { big: "" } });
  const [file] = mount.files;
  if (file !== undefined) file.content = Buffer.alloc(64 * 1024 * 1024 + 1);
  await expect(place(mount)).rejects.toMatchObject({ code: "K4008" });
});

/** Root may do everything. */
async function asOrdinaryUser(task: () => Promise<void>): Promise<void> {
  if (geteuid?.() !== 0) return await task();
  seteuid?.(65534);
  try {
    await task();
  } finally {
    seteuid?.(0);
  }
}
