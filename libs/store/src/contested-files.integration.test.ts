import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeelsonError } from "@keelson/model";
import type { DesiredMount, MountLayout } from "@keelson/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { contextOf, desiring, mountOf, placing, removing, snapshot } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";
import { placeFiles } from "./placed-files.ts";
import { removeFiles } from "./removed-files.ts";

let base: string;
let stateDir: string;
let swapper: ChildProcess | undefined;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
  stateDir = join(base, "state");
});
afterEach(async () => {
  await stopSwapping();
  await rm(base, { recursive: true, force: true });
});

const files = { a: "one", "sub/b": "two", "sub/deep/c": "three" };

/** What a container can do to its own files, as fast as it can: exchange each kind of entry for each other. */
const attacks: Record<string, string> = {
  "a file for a link": 'gone("a"); link("/etc/passwd", "a"); gone("a"); file("a")',
  "a file for a pipe": 'gone("a"); fifo("a"); gone("a"); file("a")',
  "a file for a folder": 'gone("a"); folder("a/x"); gone("a"); file("a")',
  "a folder for a link": 'gone("sub"); link("/etc", "sub"); gone("sub"); folder("sub/deep")',
  "a folder for nothing": 'gone("sub"); folder("sub/deep"); file("sub/b")',
  "the link to all files":
    'gone("..data"); link("/etc", "..data"); gone("..data"); link("..x", "..data"); folder("..x")',
};

async function swap(mount: DesiredMount, attack: string): Promise<void> {
  const script = `
    const fs = require("node:fs"), { execFileSync } = require("node:child_process");
    process.chdir(${JSON.stringify(join(stateDir, "instances/core", mount.target))});
    const quiet = (call) => (...args) => { try { call(...args); } catch {} };
    const gone = quiet((path) => fs.rmSync(path, { recursive: true, force: true }));
    const link = quiet((to, path) => fs.symlinkSync(to, path));
    const file = quiet((path) => fs.writeFileSync(path, "theirs"));
    const folder = quiet((path) => fs.mkdirSync(path, { recursive: true }));
    execFileSync("mkfifo", ["..pipe"]);
    const fifo = quiet((path) => fs.linkSync("..pipe", path));
    process.stdout.write("swapping");
    for (;;) { ${attack} }`;
  swapper = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(swapper.stdout ?? swapper, "data");
}

async function stopSwapping(): Promise<void> {
  const running = swapper;
  swapper = undefined;
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
  running.kill("SIGKILL");
  await once(running, "exit");
}

const outcomeOf = async (task: () => Promise<void>) => {
  try {
    await task();
    return "done";
  } catch (error) {
    return error instanceof KeelsonError ? error.code : `a bug: ${String(error)}`;
  }
};

describe.each<MountLayout>(["live", "data"])("of layout %s", (layout) => {
  test.each(Object.keys(attacks))(
    "a container that swaps %s: placing wins or says so, looking says what it sees, and neither leaves the mount",
    async (attack) => {
      const mount = mountOf(layout, { files });
      await placeFiles(contextOf(stateDir), placing(mount));
      await swap(mount, attacks[attack] ?? "");
      const outcomes = new Set<string>();
      for (let round = 0; round < 30; round++) {
        outcomes.add(await outcomeOf(() => placeFiles(contextOf(stateDir), placing(mount))));
        const { storedInstances } = await observeStore({
          ...contextOf(stateDir),
          desired: desiring([mount]),
        });
        expect(storedInstances).toMatchObject([{ instance: "core", fault: null }]);
      }
      expect([...outcomes].filter((each) => !["done", "K4006", "K4023"].includes(each))).toEqual([]);
      await stopSwapping();

      await placeFiles(contextOf(stateDir), placing(mount));
      const { storedInstances } = await observeStore({ ...contextOf(stateDir), desired: desiring([mount]) });
      expect(storedInstances[0]).toMatchObject({ others: [], fault: null });
      const wanted = mount.files.map(({ path, contentDigest }) => [`${mount.target}/${path}`, contentDigest]);
      const found = Object.entries(storedInstances[0]?.files ?? {});
      expect(found.map(([path, { contentDigest }]) => [path, contentDigest])).toEqual(wanted);
      expect(Object.keys(await snapshot(join(stateDir, "instances/core")))).not.toContainEqual(
        expect.stringMatching(/staging|aside/),
      );
    },
  );

  test.each(Object.keys(attacks))("a container that swaps %s: its files can be removed", async (attack) => {
    const mount = mountOf(layout, { files });
    await placeFiles(contextOf(stateDir), placing(mount));
    await swap(mount, attacks[attack] ?? "");
    const remove = () => removeFiles({ stateDir }, removing([mount.target]));
    expect(["done", "K4006", "K4023", "K4024"]).toContain(await outcomeOf(remove));
    await stopSwapping();
    await remove();
    expect(await snapshot(join(stateDir, "instances/core"))).toEqual({ live: "folder 700" });
  });
});
