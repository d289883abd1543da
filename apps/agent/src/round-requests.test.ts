import { describe, expect, it } from "vitest";

import { openRoundRequests } from "./round-requests.ts";
import { newRoundSummary } from "./test-round-summary.ts";

describe("requests for a round", () => {
  it("must be answered by the same round, which began after them", async () => {
    let count = 0;
    const requests = openRoundRequests(() => {
      count++;
    });
    const running = requests.take();
    const first = requests.request("one");
    const second = requests.request("two");
    expect({ count, waiting: requests.waiting() }).toEqual({ count: 2, waiting: "one" });
    running(newRoundSummary({ message: "too early" }));
    expect(requests.waiting()).toBe("one");
    const next = requests.take();
    expect(requests.waiting()).toBeNull();
    const summary = newRoundSummary({ message: "in time" });
    next(summary);
    expect(await Promise.all([first, second])).toEqual([summary, summary]);
  });
});
