import { expect, test } from "vitest";

import { mapParallel } from "./parallel.ts";
import { createQueue } from "./queue.ts";

test("results keep the order of the items and no more than the limit run at once", async () => {
  let running = 0;
  let most = 0;
  const results = await mapParallel([5, 1, 4, 2, 3], {
    limit: 2,
    map: async (item) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < item; turn++) await Promise.resolve();
      running--;
      return item * 10;
    },
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test("after a failure nothing more starts", async () => {
  const started: number[] = [];
  const all = mapParallel([1, 2, 3, 4], {
    limit: 1,
    map: (item) => {
      started.push(item);
      return item === 2 ? Promise.reject(new Error("two")) : Promise.resolve(item);
    },
  });
  await expect(all).rejects.toThrow("two");
  expect(started).toEqual([1, 2]);
});

test("a queue runs one task of a key at a time, goes on after a failure, and does not hold up other keys", async () => {
  const queue = createQueue();
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue.run("a", async () => {
    events.push("a1");
    await gate.promise;
    throw new Error("first");
  });
  const second = queue.run("a", async () => {
    await Promise.resolve();
    events.push("a2");
  });
  await queue.run("b", async () => {
    await Promise.resolve();
    events.push("b1");
  });
  expect(events).toEqual(["a1", "b1"]);
  gate.resolve();
  await expect(first).rejects.toThrow("first");
  await second;
  expect(events).toEqual(["a1", "b1", "a2"]);
});
