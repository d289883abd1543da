import type { PolledContainer } from "@keelson/engine/poll";
import { expect, it, test } from "vitest";

import { findChanged, seeContainers } from "./container-changes.ts";
import { type RoundSummary, fingerprintOf } from "./round-summary.ts";

const second = 1_000;
const containers: NonNullable<RoundSummary["containers"]> = { a: "running none" };

function container(fields: Partial<PolledContainer> = {}): PolledContainer {
  return {
    id: "a",
    name: "lab-web-app-1",
    state: "running",
    health: "none",
    exitCode: null,
    digest: "d1",
    networks: ["lab-web_inner"],
    upMs: { least: 60 * second, most: 120 * second },
    ...fields,
  };
}

/** Names of the containers that changed between two polls, a second apart. */
function changed(
  [first, second]: readonly [readonly PolledContainer[], readonly PolledContainer[]],
  round: { containers?: typeof containers; isStartChange?: boolean } = {},
): string[] {
  const left = round.containers ?? containers;
  const before = seeContainers(first, { containers: left, askedMs: 1_000, answeredMs: 1_010 });
  const seen = seeContainers(second, { containers: left, askedMs: 2_000, answeredMs: 2_010 });
  return findChanged(second, { containers: left, before, seen, isStartChange: round.isStartChange ?? true });
}

const foreign = container({ id: "s", name: "lab-web-other-1" });

test.each<[string, Partial<PolledContainer>, boolean]>([
  ["nothing", {}, false],
  ["its state", { state: "exited", upMs: null }, true],
  ["its health", { health: "unhealthy" }, true],
  ["its name", { name: "away" }, true],
  ["its networks", { networks: [] }, true],
  ["its start", { upMs: { least: 0, most: second } }, true],
  ["the minute that it is up", { upMs: { least: 120 * second, most: 180 * second } }, false],
])("of one of ours %s", (_what, fields, isChange) => {
  const now = container(fields);
  expect(changed([[container()], [now]])).toEqual(isChange ? [now.name] : []);
});

it("one of ours that stopped must not count again and again for the health that the engine remembers", () => {
  const stopped = container({ state: "exited", health: "none", upMs: null });
  const seen = fingerprintOf({ state: "exited", health: "unhealthy" });
  expect(changed([[stopped], [stopped]], { containers: { a: seen } })).toEqual([]);
});

it("one of ours that is gone must count, until a round has seen it", () => {
  expect(changed([[container()], []])).toEqual(["lab-web-app-1"]);
  expect(changed([[], []])).toEqual(["a"]);
});

it("a start must not count after a round that may have made it", () => {
  const restarted = container({ upMs: { least: 0, most: second } });
  expect(changed([[container()], [restarted]], { isStartChange: false })).toEqual([]);
});

it("a foreign container must count when it comes, when it goes and when it gets another name, and not otherwise", () => {
  const [ours, restarted] = [container(), { ...foreign, state: "exited" as const, upMs: null }];
  expect(changed([[ours], [ours, foreign]])).toEqual(["lab-web-other-1"]);
  expect(changed([[ours, foreign], [ours]])).toEqual(["lab-web-other-1"]);
  expect(
    changed([
      [ours, foreign],
      [ours, { ...foreign, name: "away" }],
    ]),
  ).toEqual(["away"]);
  expect(
    changed([
      [ours, foreign],
      [ours, restarted],
    ]),
  ).toEqual([]);
});

it("one in the engine's restart back-off must count when it stays up or stays down, and not before", () => {
  const looping: typeof containers = { a: "restarting none" };
  const changedTo = (fields: Partial<PolledContainer>) =>
    changed([[container({ state: "restarting", upMs: null })], [container(fields)]], { containers: looping });
  expect(changedTo({ state: "restarting", upMs: null })).toEqual([]);
  expect(changedTo({ health: "starting", upMs: { least: 9 * second, most: 10 * second } })).toEqual([]);
  expect(changedTo({ upMs: { least: 10 * second, most: 11 * second } })).toEqual(["lab-web-app-1"]);
  expect(changedTo({ state: "exited", upMs: null })).toEqual(["lab-web-app-1"]);
});
