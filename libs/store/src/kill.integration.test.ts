import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type DiskSteps, runHalting } from "./halting-process.ts";
import * as keepingSteps from "./keeping-steps.ts";
import { snapshot, visibleSnapshot } from "./mount-fixture.ts";
import * as placingSteps from "./placing-steps.ts";
import { listStaged, verifyStaged } from "./staged-list.ts";
import * as stagingSteps from "./staging-steps.ts";

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
});
afterEach(() => rm(base, { recursive: true, force: true }));

interface Kind {
  kind: string;
  steps: DiskSteps;
  module: string;
  /** Steps of a change, at the least: fewer would mean that they are not seen any more. */
  least: number;
  expectWhole: (stateDir: string) => Promise<void>;
}

const kinds: readonly Kind[] = [
  {
    kind: "placing files",
    steps: placingSteps,
    module: "./placing-steps.ts",
    least: 60,
    expectWhole: expectWholeFiles,
  },
  {
    kind: "keeping files in a data folder",
    steps: keepingSteps,
    module: "./keeping-steps.ts",
    least: 8,
    expectWhole: expectWholeFolder,
  },
  {
    kind: "staging releases",
    steps: stagingSteps,
    module: "./staging-steps.ts",
    least: 60,
    expectWhole: expectWholeReleases,
  },
];

describe.each(kinds)("$kind", ({ steps, module, least, expectWhole }) => {
  /** What the same two changes give without an end in between. */
  async function referenceSnapshot(): Promise<Record<string, string>> {
    const stateDir = join(base, "reference");
    await steps.before(stateDir);
    await steps.after(stateDir);
    return await snapshot(stateDir);
  }

  async function expectToRecover(stateDir: string, wanted: Record<string, string>): Promise<void> {
    await expectWhole(stateDir);
    await steps.after(stateDir);
    expect(await snapshot(stateDir)).toEqual(wanted);
  }

  test("SIGKILL in the middle: files are old or new, secrets stay private, doing it again ends the same", async () => {
    const wanted = await referenceSnapshot();
    for (const step of [0, 1, 2, 3, 4, 5].map((part) => Math.floor((part * least) / 6))) {
      const stateDir = join(base, "killed", `${step}`);
      await steps.before(stateDir);
      expect(await runHalting("kill", { module, folder: join(base, "killed"), step })).toBe("SIGKILL");
      await expectToRecover(stateDir, wanted);
    }
  });

  test("the same for an end before every single step that changes the disk", async () => {
    const wanted = await referenceSnapshot();
    const folder = join(base, "halted");
    expect(await runHalting("halt", { module, folder, step: 0 })).toBe("done");
    const halted = await readdir(folder);
    expect(halted.length).toBeGreaterThan(least);
    for (const step of halted) await expectToRecover(join(folder, step), wanted);
  });
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

async function expectWholeFolder(stateDir: string): Promise<void> {
  const found = await snapshot(join(stateDir, "data/wiki/etc"));
  expect(found).toMatchObject({ own: "644 of the program", "same.conf": "644 same" });
  for (const [path, shown] of Object.entries(found)) {
    if (path.endsWith(".keelson-new") || path === "own") continue;
    expect(shown).toMatch(/^folder |^644 (old|new|same)$/);
  }
}

/** What counts as staged is whole, whatever else lies there; what was there and right stays. */
async function expectWholeReleases(stateDir: string): Promise<void> {
  const staged = (await listStaged(stateDir)).filter(({ state }) => state === "staged");
  const entries = staged.map(({ entry }) => entry);
  expect(staged.map(({ version }) => version)).toContain("0.9.0");
  const now = new Date("2026-03-01T14:00:00.000Z");
  const checks = await verifyStaged(stateDir, { isAsked: ({ entry }) => entries.includes(entry), now });
  expect(checks.map(({ state }) => state)).toEqual(checks.map(() => "ok"));
}
