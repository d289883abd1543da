import { chmod, mkdir, readFile, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { outputOf, runAgent } from "../../support/index.ts";
import { expectFault, expectReady } from "../faults/outcome.ts";
import { footprintOf } from "../footprint.ts";
import { conditionOf, hasError } from "../node-status.ts";
import { usePlatform } from "../platform.ts";
import { composeFile, oneService, useImage } from "../releases.ts";

/** A change that disturbs nothing: another file of the release. */
const withNote = (text: string) => ({ "notes.txt": `${text}\n` });

describe("the releases of a node", () => {
  const platform = usePlatform({ release: oneService, environment: { policy: { partial: true } } });
  const store = () => join(platform().stateDir, "store");
  const versions = async () =>
    (await readdir(store()))
      .flatMap((name) => /^[0-9a-f]{32}-app-(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? [])
      .sort();
  const entryOf = async (version: string) => {
    const name = (await readdir(store())).find((each) => each.endsWith(`-app-${version}`));
    return join(store(), name ?? "");
  };

  it("must be staged by a round as they are committed, and not touched by the next one", async () => {
    expectReady(await platform().reconcile());
    expect(await versions()).toEqual(["1.0.0"]);
    const committed = await readFile(join(platform().repository.path, "releases/app/1.0.0", composeFile));
    expect(await readFile(join(await entryOf("1.0.0"), composeFile))).toEqual(committed);
    const before = await footprintOf(store());
    expectReady(await platform().reconcile());
    expect(await footprintOf(store())).toEqual(before);
  });

  it("must lie side by side, and be mended where a check has found one changed", async () => {
    await platform().upgrade(withNote("second"));
    expectReady(await platform().reconcile());
    expect(await versions()).toEqual(["1.0.0", "1.0.1"]);
    const path = join(await entryOf("1.0.1"), composeFile);
    const right = await readFile(path);
    await chmod(path, 0o644);
    await writeFile(path, Buffer.concat([right.subarray(0, -1), Buffer.from("!")]));
    const check = async () =>
      platform().keelson(["stage", "verify", "--json", "--config", platform().config]);
    const found = await check();
    expect(found.exitCode).toBe(1);
    expect(JSON.parse(found.stdout)).toMatchObject([
      { version: "1.0.0", state: "ok" },
      { version: "1.0.1", state: "changed", differing: [composeFile] },
    ]);
    expectReady(await platform().reconcile());
    expect(await readFile(join(await entryOf("1.0.1"), composeFile))).toEqual(right);
    expect((await check()).exitCode).toBe(0);
  });

  it("must be staged also where the instance is held, and what they bring is not applied", async () => {
    await platform().upgrade({ [composeFile]: (text) => `${text}    privileged: true\n` });
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(1);
    expect(await versions()).toEqual(["1.0.0", "1.0.1", "1.0.2"]);
    await platform().upgrade({ [composeFile]: (text) => text.replace("    privileged: true\n", "") });
    expectReady(await platform().reconcile());
  });

  it("must not be staged while a person withholds action", async () => {
    const before = await versions();
    const agent = async (...args: string[]) => runAgent([...args, "--config", platform().config]);
    expect((await agent("suspend", "--reason", "a look")).exitCode).toBe(0);
    await platform().upgrade(withNote("meanwhile"));
    await platform().reconcile();
    expect(await versions()).toEqual(before);
    await agent("resume");
    expectReady(await platform().reconcile());
    expect(await versions()).not.toEqual(before);
  });

  it("must make room for one another, and keep what is desired and what was applied last", async () => {
    for (let count = 0; count < 4; count++) {
      await platform().upgrade(withNote(`more ${count}`));
      expectReady(await platform().reconcile());
    }
    expect(await versions()).toHaveLength(3);
    const lock = await readFile(join(platform().repository.path, platform().paths.lock), "utf8");
    const [, current = ""] = /version: (\d+\.\d+\.\d+)/.exec(lock) ?? [];
    expect(await versions()).toContain(current);
    // The last one that was applied stays, however many that cannot be applied come after it.
    for (const count of [1, 2, 3, 4]) {
      await platform().upgrade({ ...useImage("absent:1"), ...withNote(`bad ${count}`) });
      await platform().reconcile();
    }
    expect(await versions()).toContain(current);
    expect(await versions()).toHaveLength(4);
  });
});

describe("a node whose disk has no room for a release", () => {
  const platform = usePlatform({ release: oneService });
  const large = { "large.txt": "x".repeat(2_000_000) };
  let filler: string;

  afterAll(async () => outputOf(["umount", "--lazy", join(platform().stateDir, "store")]));
  beforeAll(async () => {
    // Only the store is on the small disk: the commit itself is read.
    const store = join(platform().stateDir, "store");
    await mkdir(store, { recursive: true, mode: 0o700 });
    await chmod(platform().stateDir, 0o700);
    await outputOf(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", store]);
    expectReady(await platform().reconcile());
    const { bavail, bsize } = await statfs(store);
    filler = join(store, "filler");
    await writeFile(filler, Buffer.alloc(bavail * bsize - 1_000_000, 1));
  });

  it("must say so, leave nothing half, and go on with what it can", async () => {
    await platform().upgrade({ ...useImage("web:2"), ...large });
    const round = await platform().reconcile();
    expectFault(round, { code: "K4001", resource: "release:app@1.0.1", says: "the disk is full" });
    expect(conditionOf(round.status, "Staged")).toBe("false");
    const names = await readdir(join(platform().stateDir, "store"));
    expect(names.filter((name) => name.includes("1.0.1") || name.startsWith("."))).toEqual([]);
    expect(await platform().pageOf("web/web")).toBe("web 2\n");
  });

  it("must stage it once there is room", async () => {
    await rm(filler);
    const round = await platform().reconcile();
    expectReady(round);
    expect(hasError(round.status, "K4001")).toBe(false);
    expect(conditionOf(round.status, "Staged")).toBe("true");
    const names = await readdir(join(platform().stateDir, "store"));
    expect(names.some((name) => name.endsWith("-app-1.0.1"))).toBe(true);
  });
});
