import { describe, expect, it } from "vitest";

import {
  type RoundEndFacts,
  blindBackoffMs,
  chooseNextRound,
  keepsWaits,
  restartBackoffMs,
  retryBackoffMs,
  runTrigger,
  spread,
} from "./next-round.ts";

const second = 1_000;
const hour = 3_600 * second;
const middle = 0.5;

describe("the next round", () => {
  const ready: RoundEndFacts = {
    isCutShort: false,
    retryMs: null,
    settledMs: null,
    stopRunMs: null,
    heartbeatMs: hour,
    publishFailingMs: null,
    branchIntervalMs: null,
  };

  it.each<[rule: string, facts: Partial<RoundEndFacts>, afterMs: number, trigger: string]>([
    ["6: a newer revision cut the round short", { isCutShort: true }, 0, "newer revision"],
    ["6: also when it would be retried at once", { isCutShort: true, retryMs: 0 }, 0, "newer revision"],
    ["7: something is retried", { retryMs: 4 * second }, 4 * second, "retry"],
    ["8: there is new work", { retryMs: 0 }, 0, "retry"],
    ["9: all is as desired, or only a person can help", {}, 600 * second, "routine"],
    ["10: the heartbeat is due", { heartbeatMs: 30 * second }, 30 * second, "heartbeat"],
    ["10: nothing is published", { heartbeatMs: Infinity }, 600 * second, "routine"],
    ["11: publishing fails", { publishFailingMs: 0 }, 2 * second, "retry to publish the status"],
    [
      "11: it has been failing for a minute",
      { publishFailingMs: 60 * second },
      60 * second,
      "retry to publish the status",
    ],
    ["11: it has been failing for a day", { publishFailingMs: 24 * hour }, 600 * second, "routine"],
    [
      "12: only a round can poll the branch",
      { branchIntervalMs: 60 * second },
      60 * second,
      "poll of the branch",
    ],
    ["12: the interval is long", { branchIntervalMs: hour }, 600 * second, "routine"],
    ["13: a container is to settle", { settledMs: 20 * second }, 20 * second, "settled"],
    ["14: a run is to be stopped", { stopRunMs: 20 * second }, 20 * second, "timeout of a run"],
    [
      "the shortest delay decides",
      {
        retryMs: 8 * second,
        heartbeatMs: 7 * second,
        publishFailingMs: 9 * second,
        branchIntervalMs: 10 * second,
      },
      7 * second,
      "heartbeat",
    ],
  ])("must come by rule %s", (_rule, facts, afterMs, trigger) => {
    expect(chooseNextRound({ ...ready, ...facts }, middle)).toEqual({ afterMs, trigger });
  });

  it("must come at different times on the nodes of a fleet, a tenth earlier or later", () => {
    const delays = (facts: Partial<RoundEndFacts>) =>
      [0, 1].map((chance) => chooseNextRound({ ...ready, ...facts }, chance).afterMs);
    expect(delays({})).toEqual([540 * second, 660 * second]);
    expect(delays({ publishFailingMs: 10 * second })).toEqual([9 * second, 11 * second]);
    expect(delays({ branchIntervalMs: 10 * second })).toEqual([9 * second, 11 * second]);
    // The status has told the time of the retry already.
    expect(delays({ retryMs: 4 * second })).toEqual([4 * second, 4 * second]);
  });
});

const retry = (hasNewWork: boolean) => (attempt: number) => retryBackoffMs({ attempt, hasNewWork }, middle);

it.each<[rule: string, delayMs: (count: number) => number, seconds: Record<number, number>]>([
  ["4: restart back-off", restartBackoffMs, { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 7: 32, 8: 60, 50: 60 }],
  ["7: retry back-off", retry(false), { 0: 2, 1: 4, 2: 8, 5: 64, 8: 512, 9: 600, 500: 600 }],
  ["8: retry of new work", retry(true), { 0: 0, 1: 0, 2: 0, 3: 2, 4: 4, 500: 600 }],
  [
    "14: blind back-off",
    (attempt) => blindBackoffMs(attempt, middle),
    { 0: 5, 1: 10, 2: 20, 3: 40, 4: 60, 500: 60 },
  ],
])("delays must grow by rule %s", (_rule, delayMs, seconds) => {
  const delays = Object.keys(seconds).map((count) => [count, delayMs(Number(count)) / second]);
  expect(Object.fromEntries(delays)).toEqual(seconds);
});

it("a round that only tells of a run must leave what failed to its announced time, and one that is asked for must not", () => {
  const triggers = [runTrigger("lab-web/a"), runTrigger("lab-web/a", { isMissed: true })];
  expect(triggers.map(({ name }) => keepsWaits(name))).toEqual([true, true]);
  expect(["keelson sync", "SIGHUP", "retry", "start of the agent"].map(keepsWaits)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it("a delay must vary by a tenth to either side", () => {
  expect([0, middle, 1].map((chance) => spread(second, chance))).toEqual([900, 1_000, 1_100]);
  expect([0, 1].map((chance) => retryBackoffMs({ attempt: 0, hasNewWork: false }, chance))).toEqual([
    1_800, 2_200,
  ]);
  expect([0, 1].map((chance) => blindBackoffMs(0, chance))).toEqual([4_500, 5_500]);
});
