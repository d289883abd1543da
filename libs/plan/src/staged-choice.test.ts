import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { StagedRelease } from "@keelson/model";

import { chooseStagedToRemove, findStagedReasons, stagedKept } from "./staged-choice.ts";

function stagedOn(day: number, more: Partial<StagedRelease> = {}): StagedRelease {
  const { release = "shop", version = `1.${day}.0` } = more;
  const entry = `${day.toString(16).padStart(32, "0")}-${release}-${version}`;
  const stagedAt = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
  return { entry, release, version, digest: "sha256-x", stagedAt, sizeBytes: 1, state: "staged", ...more };
}

const nothing = { needs: { desired: [], lastGood: [] }, mounted: [] };
const versionsOf = (staged: readonly StagedRelease[], entries: readonly string[]) =>
  staged.filter(({ entry }) => entries.includes(entry)).map(({ version }) => version);

test("what is desired, was good last, is mounted, and the three newest of each release stay", () => {
  const staged = [1, 2, 3, 4, 5, 6, 7, 8].map((day) => stagedOn(day));
  const other = stagedOn(0, { release: "base", version: "9.0.0" });
  const [one, two, three] = staged.map(({ entry }) => entry);
  const needs = { desired: [one ?? ""], lastGood: [two ?? ""] };
  const scene = { staged: [...staged, other], needs, mounted: [three ?? ""] };
  expect(versionsOf(staged, chooseStagedToRemove(scene))).toEqual(["1.4.0", "1.5.0"]);
  expect([...findStagedReasons(scene).values()]).toEqual([
    "desired",
    "last good",
    "mounted",
    "newest",
    "newest",
    "newest",
    "newest",
  ]);
});

test("what was never finished goes, and what was changed keeps its place until somebody mends it", () => {
  const broken = [8, 9].map((day) => stagedOn(day, { state: "changed" }));
  const unfinished = stagedOn(10, { state: "unfinished", digest: null, stagedAt: null, sizeBytes: null });
  const staged = [...[1, 2, 3].map((day) => stagedOn(day)), ...broken, unfinished];
  const needs = { desired: [broken[0]?.entry ?? ""], lastGood: [] };
  expect(versionsOf(staged, chooseStagedToRemove({ staged, needs, mounted: [] }))).toEqual([
    "1.1.0",
    "1.2.0",
    "1.10.0",
  ]);
});

test("an entry that is staged again has the age of the last time", () => {
  const staged = [1, 2, 3, 4].map((day) => stagedOn(day));
  const again = staged.map((each, index) =>
    index === 0 ? { ...each, stagedAt: "2026-12-01T00:00:00.000Z" } : each,
  );
  expect(versionsOf(staged, chooseStagedToRemove({ staged, ...nothing }))).toEqual(["1.1.0"]);
  expect(versionsOf(again, chooseStagedToRemove({ staged: again, ...nothing }))).toEqual(["1.2.0"]);
});

/** Weeks of a node: each day a release gets a new version, is followed, fails, goes back, or is bound by a container. */
const arbitraryWeeks = fc.array(
  fc.record({
    release: fc.constantFrom("shop", "base", "shop-2"),
    isGood: fc.boolean(),
    isMounted: fc.boolean(),
    backTo: fc.option(fc.nat(60), { nil: null }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("over weeks of versions, what is kept has all that is needed, and their number is bounded", () => {
  fc.assert(
    fc.property(arbitraryWeeks, (days) => {
      let staged: StagedRelease[] = [];
      let needs: { desired: string[]; lastGood: string[] } = { desired: [], lastGood: [] };
      let mounted: string[] = [];
      for (const [day, { release, isGood, isMounted, backTo }] of days.entries()) {
        const back = backTo === null ? undefined : staged[backTo];
        const wanted = back ?? stagedOn(day, { release });
        if (back === undefined) staged = [...staged, wanted];
        needs = {
          desired: [...needs.desired.filter((entry) => !entry.includes(`-${release}-1`)), wanted.entry],
          lastGood: isGood ? [...needs.desired] : needs.lastGood,
        };
        if (isMounted) mounted = [...mounted, wanted.entry].slice(-2);
        const removed = chooseStagedToRemove({ staged, needs, mounted });
        const needed = new Set([...needs.desired, ...needs.lastGood, ...mounted]);
        expect(removed.filter((entry) => needed.has(entry))).toEqual([]);
        staged = staged.filter(({ entry }) => !removed.includes(entry));
        for (const each of new Set(staged.map((one) => one.release))) {
          const left = staged.filter((one) => one.release === each);
          const held = left.filter(({ entry }) => needed.has(entry)).length;
          expect(left.length).toBeLessThanOrEqual(stagedKept + held);
        }
        // Doing it again finds nothing more.
        expect(chooseStagedToRemove({ staged, needs, mounted })).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});
