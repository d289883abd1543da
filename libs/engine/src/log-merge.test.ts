import { describe, expect, it } from "vitest";

import { openLogMerge } from "./log-merge.ts";

const timeOf = (second: number) => new Date(second * 1_000).toISOString();

/** A log of numbers, each written in its second, that is read as fast as it may. */
async function read(log: ReturnType<ReturnType<typeof openLogMerge<number>>>, seconds: readonly number[]) {
  for (const second of seconds) {
    await log.ready();
    log.push(timeOf(second), second);
  }
  log.end();
}

describe("a merged log", () => {
  it("must have the lines of all logs by their times, however far one is ahead", async () => {
    const lines: number[] = [];
    const open = openLogMerge<number>((line) => lines.push(line));
    const [short, long, none] = [open(), open(), open()];
    const many = Array.from({ length: 5_000 }, (_, index) => 2 * index);
    const reading = read(long, many);
    none.end();
    // The first one waits for what the other has to say.
    expect(lines).toEqual([]);
    await Promise.all([reading, read(short, [1, 4_001, 20_000])]);
    expect(lines).toEqual([...many, 1, 4_001, 20_000].sort((a, b) => a - b));
  });

  it("must keep the order of logs where the times are equal or unknown", () => {
    const lines: string[] = [];
    const open = openLogMerge<string>((line) => lines.push(line));
    const [first, second] = [open(), open()];
    second.push("", "c");
    first.push("", "a");
    first.push("", "b");
    expect(lines).toEqual(["a", "b"]);
    first.end();
    expect(lines).toEqual(["a", "b", "c"]);
  });
});
