import { describe, expect, test } from "vitest";

import { openTimetable } from "./timetable.ts";

const { nextAfter, countTimes, findScheduleFault } = await openTimetable();

const next = (cron: string, after: string, timeZone = "UTC") =>
  nextAfter({ cron, timeZone }, new Date(after)).toISOString();

describe("the next time", () => {
  test.each([
    ["0 3 * * *", "2026-11-30T02:59:59.999Z", "UTC", "2026-11-30T03:00:00.000Z"],
    ["0 3 * * *", "2026-11-30T03:00:00.000Z", "UTC", "2026-12-01T03:00:00.000Z"],
    ["0 3 * * *", "2026-11-30T03:00:00.500Z", "UTC", "2026-12-01T03:00:00.000Z"],
    ["0 3 * * mon-fri", "2026-11-28T00:00:00.000Z", "UTC", "2026-11-30T03:00:00.000Z"],
    ["0 3 * * *", "2026-11-30T00:00:00.000Z", "Europe/Zurich", "2026-11-30T02:00:00.000Z"],
    // An hour that the night does not have, and one that it has twice.
    ["30 2 * * *", "2026-03-28T12:00:00.000Z", "Europe/Zurich", "2026-03-29T01:00:00.000Z"],
    ["30 2 * * *", "2026-10-25T00:30:00.000Z", "Europe/Zurich", "2026-10-26T01:30:00.000Z"],
    // Where the clock is set back over midnight, or by half an hour.
    ["59 23 * * *", "2026-04-05T03:47:51.123Z", "America/Santiago", "2026-04-06T03:59:00.000Z"],
    ["*/5 * * * *", "2026-04-05T03:00:00.000Z", "America/Santiago", "2026-04-05T04:00:00.000Z"],
    ["*/5 * * * *", "2026-04-04T15:11:39.123Z", "Australia/Lord_Howe", "2026-04-04T15:30:00.000Z"],
  ])("of %s after %s in %s is %s", (cron, after, timeZone, time) => {
    expect(next(cron, after, timeZone)).toBe(time);
  });

  test("are counted, with the last one, and no further than there is sense in", () => {
    const hourly = { cron: "0 * * * *", timeZone: "UTC" };
    const span = { after: new Date("2026-11-30T00:00:00Z"), until: new Date("2026-11-30T03:00:00Z") };
    expect(countTimes(hourly, span)).toEqual({ count: 3, last: span.until });
    expect(countTimes(hourly, { ...span, until: new Date("2026-11-30T00:59:59Z") })).toEqual({
      count: 0,
      last: span.after,
    });
    const until = new Date("2046-01-01T00:00:00Z");
    expect(countTimes(hourly, { ...span, until })).toEqual({ count: 1_000, last: until });
  });
});

describe("a schedule", () => {
  test.each(["0 3 * * *", "*/5 * * * *", "0 0 29 2 *", "15,45 8-18/2 * jan-mar mon", "  0   3 * * 7 "])(
    "is %s",
    (cron) => {
      expect(findScheduleFault({ cron, timeZone: "Europe/Zurich" })).toBeNull();
    },
  );

  test.each([
    ["*/70 * * * *", "the step of `*/70`"],
    ["0 */25 * * *", "the step of `*/25`"],
    ["0 0 31 2 *", "none of its days ever comes"],
    ["60 * * * *", "out of range"],
    ["* * * * * *", "five fields"],
    ["@daily", "five fields"],
    ["0 3 * *", "five fields"],
    ["at three in the morning", "Unknown alias"],
  ])("is not %s: %s", (cron, because) => {
    expect(findScheduleFault({ cron, timeZone: "UTC" })).toMatchObject({
      key: "schedule",
      because: expect.stringContaining(because),
    });
  });

  test.each(["", " ", "local", "Local", "system", "default"])(
    "has no time zone %j of the machine",
    (timeZone) => {
      expect(findScheduleFault({ cron: "0 3 * * *", timeZone })).toEqual({
        key: "timeZone",
        because: "it would be another one on each machine",
      });
    },
  );

  test("has a time zone that there is", () => {
    expect(findScheduleFault({ cron: "0 3 * * *", timeZone: "Europe/Atlantis" })).toMatchObject({
      key: "timeZone",
    });
  });
});
