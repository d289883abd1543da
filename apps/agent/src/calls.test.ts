import { describe, expect, it } from "vitest";

import { openCalls } from "./calls.ts";
import { newRoundSummary } from "./test-round-summary.ts";

describe("those who ask for a round", () => {
  it("must be answered by a round that began after they asked, all of them by the same one", async () => {
    let heard = 0;
    const calls = openCalls(() => {
      heard++;
    });
    const running = calls.take();
    const first = calls.call("one");
    const second = calls.call("two");
    expect({ heard, pending: calls.pending() }).toEqual({ heard: 2, pending: "one" });
    running(newRoundSummary({ message: "too early" }));
    expect(calls.pending()).toBe("one");
    const next = calls.take();
    expect(calls.pending()).toBeNull();
    const report = newRoundSummary({ message: "in time" });
    next(report);
    expect(await Promise.all([first, second])).toEqual([report, report]);
  });
});
