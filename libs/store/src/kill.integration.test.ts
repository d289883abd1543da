import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import type { DesiredMount } from "@keelson/model";
import { afterEach, beforeEach, expect, test } from "vitest";

import { contextOf, mountOf, placing, snapshot, visibleSnapshot } from "./mount-fixture.ts";
import { placeFiles } from "./placed-files.ts";

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const secret = (text: string) => ({ text: `${text} SECRET`, mode: 0o400, secrets: ["pryv.key"] });
const before = { "a.conf": "old", "k.conf": secret("old"), "same.conf": "same", "gone/d.conf": "old" };
const after = { "a.conf": "new", "k.conf": secret("new"), "same.conf": "same", "sub/c.conf": "new" };
const mountsOf = (files: typeof before | typeof after): DesiredMount[] => [
  mountOf("content", { files }),
  mountOf("live", { source: "live", files }),
  mountOf("data", { source: "data", files }),
];
const placeAll = async (stateDir: string, mounts: readonly DesiredMount[]) => {
  for (const mount of mounts) await placeFiles(contextOf(stateDir), placing(mount));
};

/** What the same two placings give without an end in between. */
async function referenceSnapshot(): Promise<Record<string, string>> {
  const stateDir = join(base, "reference");
  await placeAll(stateDir, mountsOf(before));
  await placeAll(stateDir, mountsOf(after));
  return await snapshot(stateDir);
}

async function expectToRecover(stateDir: string, wanted: Record<string, string>): Promise<void> {
  await expectWholeFiles(stateDir);
  await placeAll(stateDir, mountsOf(after));
  expect(await snapshot(stateDir)).toEqual(wanted);
}

test("SIGKILL in the middle: files are old or new, secrets stay private, placing again ends the same", async () => {
  const wanted = await referenceSnapshot();
  const steps = [0, 11, 23, 35, 47, 59];
  for (const step of steps) {
    const stateDir = join(base, "killed", `${step}`);
    await placeAll(stateDir, mountsOf(before));
    expect(await runChild("kill", { folder: join(base, "killed"), step })).toBe("SIGKILL");
    await expectToRecover(stateDir, wanted);
  }
});

test("the same for an end before every single step that changes the disk", async () => {
  const wanted = await referenceSnapshot();
  const folder = join(base, "halted");
  expect(await runChild("halt", { folder, step: 0 })).toBe("done");
  const steps = await readdir(folder);
  // Fewer would mean that steps are not seen any more.
  expect(steps.length).toBeGreaterThan(60);
  for (const step of steps) await expectToRecover(join(folder, step), wanted);
});

async function expectWholeFiles(stateDir: string): Promise<void> {
  for (const [path, shown] of Object.entries(await snapshot(stateDir))) {
    const isWhole = /^(folder|link) |^644 (old|new|same)$|^400 (old|new) hunter2$/;
    // A draft may be half written, but nobody else can read it.
    const isPrivateDraft = /^600 /;
    expect(shown).toMatch(path.includes("/.staging-") && !isWhole.test(shown) ? isPrivateDraft : isWhole);
  }
  // What reads through ..data has all of one generation.
  const data = await visibleSnapshot(join(stateDir, "instances/core/live/data"));
  const words = ["a.conf", "k.conf"].map((name) => data[name]?.split(" ")[1]);
  expect(words[0]).toBe(words[1]);
}

/**
 * Places the new files over the old ones in `<folder>/<step>`, in a process of its own that ends before its n-th call
 * that changes the disk: `kill` by SIGKILL, at one step; `halt` by letting that call and all later ones fail, so that
 * one process can try every step.
 */
async function runChild(
  how: "kill" | "halt",
  first: { folder: string; step: number },
): Promise<"SIGKILL" | "done"> {
  const program = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const [how, folder, firstStep, mountsFile] = process.argv.slice(1);
    const { placeFiles } = await import(${urlOf("./placed-files.ts")});
    const { contextOf, placing } = await import(${urlOf("./mount-fixture.ts")});
    let left = Infinity;
    for (const name of ["renameSync", "mkdirSync", "unlinkSync", "rmdirSync", "symlinkSync", "linkSync",
      "writeFileSync", "fchmodSync", "fsyncSync", "openSync"]) {
      const real = fs[name];
      fs[name] = (path, flags, ...rest) => {
        const changes = name !== "openSync" || (flags & fs.constants.O_CREAT) !== 0;
        if (changes && left-- <= 0) {
          if (how === "kill") process.kill(process.pid, "SIGKILL");
          throw new Error("halted");
        }
        return real(path, flags, ...rest);
      };
    }
    syncBuiltinESMExports();
    const mounts = JSON.parse(fs.readFileSync(mountsFile, "utf8"));
    const place = async (stateDir, mounts) => {
      for (const mount of mounts) {
        for (const file of mount.files) file.content = Buffer.from(file.content);
        await placeFiles(contextOf(stateDir), placing(mount));
      }
    };
    for (let step = Number(firstStep), isHalted = true; isHalted; step++) {
      const stateDir = folder + "/" + step;
      if (how === "halt") await place(stateDir, mounts.before);
      left = step;
      isHalted = await place(stateDir, mounts.after).then(() => false, () => true);
      left = Infinity;
    }`;
  const mounts = join(base, "mounts.json");
  await writeFile(mounts, JSON.stringify({ before: mountsOf(before), after: mountsOf(after) }));
  const args = ["--input-type=module", "-e", program, "--", how, first.folder, String(first.step), mounts];
  const child = spawn(execPath, args, { stdio: ["ignore", "ignore", "inherit"], timeout: 120_000 });
  const [exitCode, signal] = await once(child, "close");
  if (signal === "SIGKILL") return signal;
  if (exitCode !== 0) throw new Error(`the child ended with ${exitCode ?? signal}`);
  return "done";
}

function urlOf(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}
