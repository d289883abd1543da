import { expect, it } from "vitest";

import { type RestartBackoff, openRestartBackoff } from "./restart-backoff.ts";

const minute = 60_000;

/** When a container that never stops changing has triggered a round, in seconds. */
function triggerTimes(backoff: RestartBackoff, name: string, count: number): number[] {
  const times: number[] = [];
  for (let atMs = 0; times.length < count; atMs += 500) {
    if (backoff.isWaiting(name, atMs)) continue;
    backoff.noteChanges([name], atMs);
    times.push(atMs / 1_000);
  }
  return times;
}

it("a container that keeps restarting must trigger fewer and fewer rounds, down to one a minute", () => {
  expect(triggerTimes(openRestartBackoff(), "web", 11)).toEqual([0, 0.5, 1, 2, 4, 8, 16, 32, 64, 124, 184]);
});

it("another container must not wait for it", () => {
  const backoff = openRestartBackoff();
  triggerTimes(backoff, "web", 9);
  const atMs = 65_000;
  expect([backoff.isWaiting("web", atMs), backoff.isWaiting("other", atMs)]).toEqual([true, false]);
  backoff.noteChanges(["other"], atMs);
  expect(backoff.isWaiting("other", atMs)).toBe(false);
  expect(backoff.nextEndMs(atMs)).toBe(124_000);
});

it("a container that has not changed for a minute must trigger a round at once again", () => {
  const backoff = openRestartBackoff();
  triggerTimes(backoff, "web", 9);
  backoff.noteChanges(["other"], 124_000 + minute);
  expect(backoff.nextEndMs(124_000 + minute)).toBe(Infinity);
  backoff.noteChanges(["web"], 124_000 + minute);
  expect(backoff.isWaiting("web", 124_000 + minute)).toBe(false);
});
