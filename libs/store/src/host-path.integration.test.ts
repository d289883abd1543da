import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { chmod, mkdir, mkdtemp, open, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, geteuid, seteuid } from "node:process";

import { afterAll, beforeEach, describe, expect, test } from "vitest";

import { resolveExisting, resolvePaths } from "./host-path.ts";

const base = await realpath(await mkdtemp(join(tmpdir(), "keelson-host-path-")));
afterAll(async () => rm(base, { recursive: true, force: true }));

const media = join(base, "media");

beforeEach(async () => {
  await rm(media, { recursive: true, force: true });
  await mkdir(join(media, "films/new"), { recursive: true });
  await writeFile(join(media, "note"), "text");
});

async function look(path: string) {
  return (await resolvePaths([path]))[path];
}

/** All threads that look at files wait, as for a server that is away: nobody writes into the pipe that they open. */
function holdThreads(): AsyncDisposable {
  const pipe = join(media, "pipe");
  execFileSync("mkfifo", [pipe]);
  const threads = Number(env["UV_THREADPOOL_SIZE"] ?? 4);
  const readers = Array.from({ length: threads }, async () => open(pipe, constants.O_RDONLY));
  return {
    [Symbol.asyncDispose]: async () => {
      const writer = openSync(pipe, constants.O_RDWR);
      for (const reader of await Promise.all(readers)) await reader.close();
      closeSync(writer);
    },
  };
}

describe("a path of the host", () => {
  test("leads where its links lead, wherever they stand", async () => {
    await symlink(media, join(base, "alias"));
    await symlink("films", join(media, "inner"));
    await symlink("/etc", join(media, "out"));
    await symlink("../..", join(media, "films/up"));
    expect(await look(join(base, "alias/inner/new"))).toEqual({
      real: join(media, "films/new"),
      fault: "",
      links: [join(base, "alias"), join(media, "inner")],
    });
    expect(await look(join(media, "out/hosts"))).toEqual({
      real: "/etc/hosts",
      fault: "",
      links: [join(media, "out")],
    });
    expect(await look(join(media, "films/up"))).toMatchObject({
      real: base,
      links: [join(media, "films/up")],
    });
    expect(await look(`${media}/films/../../media//note`)).toEqual({ real: join(media, "note"), fault: "" });
    await rm(join(base, "alias"));
  });

  test("leads elsewhere as soon as a folder is exchanged for a link", async () => {
    const path = join(media, "films/new");
    expect(await look(path)).toEqual({ real: path, fault: "" });
    await rename(join(media, "films"), join(media, "kept"));
    await symlink("/etc", join(media, "films"));
    expect(await look(path)).toEqual({ real: null, fault: "" });
    expect(await look(join(media, "films"))).toMatchObject({ real: "/etc", fault: "" });
  });

  test("is told as missing only when nothing is there", async () => {
    await symlink("nowhere", join(media, "dangling"));
    for (const name of ["other", "note/below", "dangling"])
      expect(await look(join(media, name))).toEqual({ real: null, fault: "" });
  });

  test("is unknown when it cannot be seen", async () => {
    await symlink("circle", join(media, "circle"));
    expect(await look(join(media, "circle"))).toEqual({ real: null, fault: "its links lead in a circle" });
    expect(await look(`${media}/${"x".repeat(300)}`)).toEqual({ real: null, fault: "ENAMETOOLONG" });
  });

  test("is unknown to who may not look there", async () => {
    await chmod(base, 0o755);
    await chmod(join(media, "films"), 0o000);
    const self = geteuid?.() ?? 0;
    // Root sees everything.
    if (self === 0) seteuid?.(12_345);
    try {
      expect(await look(join(media, "films/new"))).toEqual({ real: null, fault: "permission denied" });
    } finally {
      seteuid?.(self);
    }
  });

  test("holds up nobody when its file system does not answer", async () => {
    const films = join(media, "films");
    const note = join(media, "note");
    await using _ = holdThreads();
    expect(await resolvePaths([films, note], { limitMs: 20 })).toEqual({
      [films]: { real: null, fault: "its file system does not answer" },
      [note]: { real: null, fault: `nobody has looked there, because ${films} does not answer` },
    });
  });
});

test("what is not there yet has the place of the folder that is", async () => {
  await symlink(media, join(base, "state"));
  expect(await resolveExisting(join(base, "state/keys/node.key"))).toBe(join(media, "keys/node.key"));
  expect(await resolveExisting("/")).toBe("/");
  await rm(join(base, "state"));
});
