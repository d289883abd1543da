import { describe, expect, it } from "vitest";

import { runTrigger } from "./next-round.ts";
import { openRoundRequests } from "./round-requests.ts";
import { newRoundSummary } from "./test-round-summary.ts";

describe("requests for a round", () => {
  it("must be answered by the same round, which began after them", async () => {
    let count = 0;
    const requests = openRoundRequests(() => {
      count++;
    });
    const running = requests.take();
    const first = requests.request({ name: "one", isAnew: false });
    const second = requests.request({ name: "two", isAnew: false });
    expect({ count, waiting: requests.waiting()?.name }).toEqual({ count: 2, waiting: "one" });
    running(newRoundSummary({ message: "too early" }));
    expect(requests.waiting()?.name).toBe("one");
    const next = requests.take();
    expect(requests.waiting()).toBeNull();
    const summary = newRoundSummary({ message: "in time" });
    next(summary);
    expect(await Promise.all([first, second])).toEqual([summary, summary]);
  });

  it("must name one that begins the back-off anew before those that do not", () => {
    const requests = openRoundRequests(() => {});
    void requests.request(runTrigger("lab-web/backup"));
    expect(requests.waiting()).toEqual({ name: "run of lab-web/backup", isAnew: false });
    void requests.request({ name: "keelson sync", isAnew: true });
    void requests.request({ name: "SIGHUP", isAnew: true });
    expect(requests.waiting()).toEqual({ name: "keelson sync", isAnew: true });
  });
});
