import { expect, test } from "vitest";

import { judgeClock } from "./clock.ts";
import { engineThresholds, judgeSpace } from "./disk-checks.ts";

const MiB = 1024 ** 2;

test.each([
  [0, "ok", "within 5 s of the server's"],
  [-5_000, "ok", "within 5 s of the server's"],
  [5_001, "warning", "5 s ahead of the server's"],
  [-60_000, "warning", "60 s behind the server's"],
  [60_600, "failure", "61 s ahead of the server's"],
  [-3_600_000, "failure", "3600 s behind the server's"],
])("a clock that is %i ms ahead is %s", (aheadMs, result, found) => {
  const verdict = judgeClock(aheadMs, "the server's");
  expect(verdict).toMatchObject({ result, found });
  expect(verdict.hint === "").toBe(result === "ok");
});

test.each([
  [8192 * MiB, 1_000_000, "ok", "8.0 GiB and 1,000,000 inodes free for /disk"],
  [8192 * MiB, null, "ok", "8.0 GiB free for /disk"],
  [1000 * MiB, null, "warning", "1000 MiB free for /disk"],
  [8192 * MiB, 40_000, "warning", "8.0 GiB and 40,000 inodes free for /disk"],
  [100 * MiB, 40_000, "failure", "100 MiB and 40,000 inodes free for /disk"],
  [8192 * MiB, 10, "failure", "8.0 GiB and 10 inodes free for /disk"],
])("%i bytes and %s inodes are %s", (freeBytes, freeInodes, result, found) => {
  const verdict = judgeSpace({ path: "/disk", freeBytes, freeInodes }, engineThresholds);
  expect(verdict).toMatchObject({ result, found });
  expect(verdict.hint === "").toBe(result === "ok");
});
