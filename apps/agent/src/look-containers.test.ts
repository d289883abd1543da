import type { PolledContainer } from "@keelson/engine/poll";
import { expect, it, test } from "vitest";

import { findChanged, seeContainers } from "./look-containers.ts";
import type { RoundSummary } from "./round-summary.ts";

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

/** What is found changed between two looks, a second apart. */
function changed(
  [first, second]: readonly [readonly PolledContainer[], readonly PolledContainer[]],
  on: { containers?: typeof containers; isRestartNews?: boolean } = {},
): string[] {
  const reported = on.containers ?? containers;
  const before = seeContainers(first, { containers: reported, askedMs: 1_000, answeredMs: 1_010 });
  const seen = seeContainers(second, { containers: reported, askedMs: 2_000, answeredMs: 2_010 });
  return findChanged(second, { containers: reported, before, seen, isRestartNews: on.isRestartNews ?? true });
}

const stranger = container({ id: "s", name: "lab-web-other-1" });

test.each<[string, Partial<PolledContainer>, boolean]>([
  ["nothing", {}, false],
  ["its state", { state: "exited", upMs: null }, true],
  ["its health", { health: "unhealthy" }, true],
  ["its name", { name: "away" }, true],
  ["its networks", { networks: [] }, true],
  ["its start", { upMs: { least: 0, most: second } }, true],
  ["the minute that it is up", { upMs: { least: 120 * second, most: 180 * second } }, false],
])("of one of ours %s", (_what, fields, isNews) => {
  const now = container(fields);
  expect(changed([[container()], [now]])).toEqual(isNews ? [now.name] : []);
});

it("one of ours that is gone must be news, until a round has seen it", () => {
  expect(changed([[container()], []])).toEqual(["lab-web-app-1"]);
  expect(changed([[], []])).toEqual(["a"]);
});

it("a start must be no news after a round that may have made it", () => {
  const restarted = container({ upMs: { least: 0, most: second } });
  expect(changed([[container()], [restarted]], { isRestartNews: false })).toEqual([]);
});

it("a stranger must be news when it comes, when it goes and when it gets another name, and not otherwise", () => {
  const [ours, restarted] = [container(), { ...stranger, state: "exited" as const, upMs: null }];
  expect(changed([[ours], [ours, stranger]])).toEqual(["lab-web-other-1"]);
  expect(changed([[ours, stranger], [ours]])).toEqual(["lab-web-other-1"]);
  expect(
    changed([
      [ours, stranger],
      [ours, { ...stranger, name: "away" }],
    ]),
  ).toEqual(["away"]);
  expect(
    changed([
      [ours, stranger],
      [ours, restarted],
    ]),
  ).toEqual([]);
});

it("one that keeps restarting must be news when it has come to rest, and not before", () => {
  const looping: typeof containers = { a: "restarting none" };
  const isNews = (fields: Partial<PolledContainer>) =>
    changed([[container({ state: "restarting", upMs: null })], [container(fields)]], { containers: looping });
  expect(isNews({ state: "restarting", upMs: null })).toEqual([]);
  expect(isNews({ health: "starting", upMs: { least: 9 * second, most: 10 * second } })).toEqual([]);
  expect(isNews({ upMs: { least: 10 * second, most: 11 * second } })).toEqual(["lab-web-app-1"]);
  expect(isNews({ state: "exited", upMs: null })).toEqual(["lab-web-app-1"]);
});
