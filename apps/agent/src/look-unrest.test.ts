import { expect, it } from "vitest";

import { openUnrest } from "./look-unrest.ts";

const minute = 60_000;

/** When a container that asks again as soon as it may has asked, in seconds. */
function timesOf(unrest: ReturnType<typeof openUnrest>, name: string, count: number): number[] {
  const times: number[] = [];
  for (let atMs = 0; times.length < count; atMs += 500) {
    if (unrest.isResting(name, atMs)) continue;
    unrest.note([name], atMs);
    times.push(atMs / 1_000);
  }
  return times;
}

it("a container that does not settle must ask less and less often, down to once a minute", () => {
  expect(timesOf(openUnrest(), "web", 11)).toEqual([0, 0.5, 1, 2, 4, 8, 16, 32, 64, 124, 184]);
});

it("another one must not wait for it", () => {
  const unrest = openUnrest();
  timesOf(unrest, "web", 9);
  const atMs = 65_000;
  expect([unrest.isResting("web", atMs), unrest.isResting("other", atMs)]).toEqual([true, false]);
  unrest.note(["other"], atMs);
  expect(unrest.isResting("other", atMs)).toBe(false);
  expect(unrest.nextEndMs(atMs)).toBe(124_000);
});

it("what has been calm for a minute must be heard at once again", () => {
  const unrest = openUnrest();
  timesOf(unrest, "web", 9);
  unrest.note(["other"], 124_000 + minute);
  expect(unrest.nextEndMs(124_000 + minute)).toBe(Infinity);
  unrest.note(["web"], 124_000 + minute);
  expect(unrest.isResting("web", 124_000 + minute)).toBe(false);
});
