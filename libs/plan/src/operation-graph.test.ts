import { InvariantError } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { type PlannedOperation, orderOperations } from "./operation-graph.ts";
import { type Dependency, ifPlanned, keys } from "./operation-key.ts";

function pull(image: string, after: readonly Dependency[] = []): PlannedOperation {
  return {
    key: keys.pull(image),
    operation: { kind: "pull-image", resource: image, image, causes: [], class: "live" },
    after,
  };
}

function ordered(...entries: [string, ...string[]][]): string[] {
  const planned = entries.map(([image, ...after]) => pull(image, after.map(keys.pull)));
  return orderOperations(planned).map(({ id, resource, after }) =>
    `${id} ${resource} after ${after.join(" ")}`.trim(),
  );
}

describe("operations", () => {
  test("come after what they wait for, otherwise in the order of the list", () => {
    expect(ordered(["a", "c"], ["b"], ["c", "b"], ["d"])).toEqual([
      "#1 b after",
      "#2 c after #1",
      "#3 a after #2",
      "#4 d after",
    ]);
  });

  test("do not say again what what they wait for waits for already", () => {
    expect(ordered(["a"], ["b", "a"], ["c", "a", "b"], ["d", "c", "a", "b"])).toEqual([
      "#1 a after",
      "#2 b after #1",
      "#3 c after #2",
      "#4 d after #3",
    ]);
  });

  test("do not wait for themselves", () => {
    expect(ordered(["a", "a"])).toEqual(["#1 a after"]);
  });

  test("that wait for each other go in the order of the list", () => {
    expect(ordered(["a", "b"], ["b", "a"], ["c", "b"])).toEqual([
      "#1 a after",
      "#2 b after #1",
      "#3 c after #2",
    ]);
  });

  test("wait for what may be absent only where it is there", () => {
    const planned = [pull("a", [ifPlanned(keys.pull("nobody")), ifPlanned(keys.pull("b"))]), pull("b")];
    expect(orderOperations(planned)).toMatchObject([
      { resource: "b", after: [] },
      { resource: "a", after: ["#1"] },
    ]);
  });

  test("that wait for what is not there are a bug", () => {
    expect(() => ordered(["a", "nobody"])).toThrow(InvariantError);
    expect(() => ordered(["a", "nobody"])).toThrow(/"a".*waits for.*"nobody"/);
  });

  test("that stand twice are a bug", () => {
    expect(() => ordered(["a"], ["a"])).toThrow(InvariantError);
  });

  test("of another step or project are others, however they are named", () => {
    const same = [
      keys.start("a", "b/c"),
      keys.start("a/b", "c"),
      keys.await("a", "b/c"),
      keys.place("a", "b/c"),
    ];
    const planned = same.map((key) => ({ ...pull("x"), key }));
    expect(orderOperations(planned)).toHaveLength(same.length);
  });
});
