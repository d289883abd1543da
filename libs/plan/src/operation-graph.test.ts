import { describe, expect, test } from "vitest";

import { type OperationDraft, newOperationGraph } from "./operation-graph.ts";

function pull(image: string): OperationDraft {
  return { kind: "pull-image", resource: image, image, causes: [], class: "live" };
}

function built(...entries: [string, ...string[]][]): string[] {
  const graph = newOperationGraph();
  for (const [key, ...after] of entries) graph.add(key, pull(key), after);
  return graph.build().map(({ id, resource, after }) => `${id} ${resource} after ${after.join(" ")}`.trim());
}

describe("operations", () => {
  test("come after what they wait for, otherwise in the order of adding", () => {
    expect(built(["a", "c"], ["b"], ["c", "b"], ["d"])).toEqual([
      "#1 b after",
      "#2 c after #1",
      "#3 a after #2",
      "#4 d after",
    ]);
  });

  test("do not say again what what they wait for waits for already", () => {
    expect(built(["a"], ["b", "a"], ["c", "a", "b"], ["d", "c", "a", "b"])).toEqual([
      "#1 a after",
      "#2 b after #1",
      "#3 c after #2",
      "#4 d after #3",
    ]);
  });

  test("do not wait for what never comes, nor for themselves", () => {
    expect(built(["a", "a", "nobody"])).toEqual(["#1 a after"]);
  });

  test("that wait for each other go in the order of adding", () => {
    expect(built(["a", "b"], ["b", "a"], ["c", "b"])).toEqual([
      "#1 a after",
      "#2 b after #1",
      "#3 c after #2",
    ]);
  });

  test("are added once", () => {
    const graph = newOperationGraph();
    graph.add("a", pull("first"), []);
    graph.add("a", pull("second"), []);
    expect(graph.build()).toMatchObject([{ resource: "first" }]);
    expect(graph.has("a")).toBe(true);
    expect(graph.keys("")).toEqual(["a"]);
  });
});
