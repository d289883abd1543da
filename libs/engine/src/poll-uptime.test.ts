import { expect, test } from "vitest";

import { parseUptime } from "./poll-uptime.ts";

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

test.each([
  ["Up Less than a second", 0, second],
  ["Up 1 second", second, 2 * second],
  ["Up 59 seconds (health: starting)", 59 * second, minute],
  ["Up About a minute", minute, 2 * minute],
  ["Up 2 minutes (Paused)", 2 * minute, 3 * minute],
  ["Up About an hour (healthy)", hour / 2, 2 * hour],
  ["Up 3 weeks", 21 * 24 * hour - hour / 2, 28 * 24 * hour],
])("%j", (status, least, most) => {
  expect(parseUptime(status)).toEqual({ least, most });
});

test.each(["Exited (0) 2 hours ago", "Restarting (1) 3 seconds ago", "Created", "Up", "Up 5 fortnights", ""])(
  "%j tells none",
  (status) => {
    expect(parseUptime(status)).toBeNull();
  },
);
