import type { ContainerInspectInfo } from "dockerode";
import { describe, expect, it } from "vitest";

import { untilSettledMs } from "./restart-calm.ts";

const made = Date.parse("2026-11-20T08:00:00.000Z");
const minute = 60_000;

/** Made at 8:00, ended for the last time after so many milliseconds, and started again at once. */
function inspected({
  endedMs,
  restarts,
  status = "running",
}: {
  endedMs: number;
  restarts: number;
  status?: string;
}) {
  const time = new Date(made + endedMs).toISOString();
  const state = { Status: status, StartedAt: time, FinishedAt: time };
  const info: Partial<ContainerInspectInfo> = {
    Created: new Date(made).toISOString(),
    RestartCount: restarts,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these fields are read
  return { ...info, State: state } as ContainerInspectInfo;
}

describe("untilSettledMs", () => {
  const until = (container: Parameters<typeof inspected>[0], afterMs: number) =>
    untilSettledMs(inspected(container), made + container.endedMs + afterMs);

  it.each([
    ["10 s for one that crashed twice as it came up", { endedMs: 1_000, restarts: 2 }, 10_000],
    ["ten lives for one that lives 12 s", { endedMs: 36_000, restarts: 3 }, 120_000],
    ["5 minutes for one that lives 30 s", { endedMs: 30_000, restarts: 1 }, 5 * minute],
    ["5 minutes for one that had run for days", { endedMs: 3_000 * minute, restarts: 1 }, 5 * minute],
  ])("must be %s", (_what, container, calmMs) => {
    expect(until(container, 0)).toBe(calmMs);
    expect(until(container, calmMs - 1)).toBe(1);
    expect(until(container, calmMs)).toBe(0);
  });

  it("must be 0 for what was never restarted, does not run, or was started in the future", () => {
    expect(until({ endedMs: 30_000, restarts: 0 }, 0)).toBe(0);
    expect(until({ endedMs: 30_000, restarts: 3, status: "exited" }, 0)).toBe(0);
    expect(until({ endedMs: 30_000, restarts: 3 }, -1)).toBe(0);
  });
});
