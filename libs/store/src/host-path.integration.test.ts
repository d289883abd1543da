import { chmod, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid, seteuid } from "node:process";

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

describe("a path of the host", () => {
  test("leads where its links lead, wherever they stand", async () => {
    await symlink(media, join(base, "alias"));
    await symlink("films", join(media, "inner"));
    await symlink("/etc", join(media, "out"));
    await symlink("../..", join(media, "films/up"));
    expect(await look(join(base, "alias/inner/new"))).toEqual({ real: join(media, "films/new"), fault: "" });
    expect(await look(join(media, "out/hosts"))).toEqual({ real: "/etc/hosts", fault: "" });
    expect(await look(join(media, "films/up"))).toEqual({ real: base, fault: "" });
    expect(await look(`${media}/films/../../media//note`)).toEqual({ real: join(media, "note"), fault: "" });
    await rm(join(base, "alias"));
  });

  test("leads elsewhere as soon as a folder is exchanged for a link", async () => {
    const path = join(media, "films/new");
    expect(await look(path)).toEqual({ real: path, fault: "" });
    await rename(join(media, "films"), join(media, "kept"));
    await symlink("/etc", join(media, "films"));
    expect(await look(path)).toEqual({ real: null, fault: "" });
    expect(await look(join(media, "films"))).toEqual({ real: "/etc", fault: "" });
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
    const found = await resolvePaths([join(media, "films"), join(media, "note")], { limitMs: 0 });
    expect(found[join(media, "note")]).toEqual({
      real: null,
      fault: `nobody has looked there, because ${join(media, "films")} does not answer`,
    });
  });
});

test("what is not there yet has the place of the folder that is", async () => {
  await symlink(media, join(base, "state"));
  expect(await resolveExisting(join(base, "state/keys/node.key"))).toBe(join(media, "keys/node.key"));
  expect(await resolveExisting("/")).toBe("/");
  await rm(join(base, "state"));
});
