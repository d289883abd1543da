import { InvariantError, type Operation } from "@keelson/model";
import * as fc from "fast-check";
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

/** `<id> <part>` of all that is not done when one part of an operation, or one that has none, fails. */
function skippedOf(operations: readonly Operation[], failure: { id: string; part: string }): string[] {
  const undone = new Set<string>();
  for (const operation of operations) {
    if (operation.kind !== "create-containers") continue;
    const { id, after, parts } = operation;
    const [about] = operation.resource.split(" ");
    const waits = (ids: readonly string[]) =>
      ids.some((other) => {
        const { services = [] } = Object(operations.find((each) => each.id === other));
        return services.includes(about) && services.length > 1
          ? undone.has(`${other} ${about}`)
          : [...undone].some((each) => each.startsWith(`${other} `));
      });
    const all = parts.length > 1 ? parts : [{ services: parts.flatMap(({ services }) => services), after }];
    for (const part of all) {
      const [name = ""] = part.services;
      const fails = id === failure.id && (parts.length < 2 || name === failure.part);
      if (fails || waits(part.after)) undone.add(`${id} ${name}`);
    }
  }
  return [...undone];
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

  test("wait for the same parts, however little of it is said", () => {
    const anyGraph = fc.array(
      fc.record({
        /** Names of services; none for an operation that has no parts. */
        parts: fc.constantFrom([], [], ["a"], ["a", "b"], ["a", "b", "c"]),
        about: fc.constantFrom("", "a", "b"),
        before: fc.array(fc.nat(9), { maxLength: 4 }),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(anyGraph, fc.nat(9), fc.constantFrom("a", "b", "c"), (sketches, failing, failingPart) => {
        const planned = sketches.map(({ parts, about, before }, index): PlannedOperation => {
          const after = before.filter((other) => other < index).map((other) => keys.create("p", `${other}`));
          // Each part waits for another share of it.
          const own = parts.map((service, part) => ({
            services: [service],
            after: after.filter((_, each) => each % parts.length === part || each === 0),
          }));
          return {
            key: keys.create("p", `${index}`),
            operation: {
              kind: "create-containers",
              resource: `${about} ${index}`,
              instance: "i",
              project: "p",
              services: [...parts],
              force: false,
              causes: [],
              class: "live",
            },
            after,
            parts: own,
          };
        });
        const said = orderOperations(planned);
        const full = said.map((operation, index): Operation => {
          const number = ({ name }: Dependency) => `#${Number(name) + 1}`;
          const { after, parts = [] } = planned[index] ?? { after: [] };
          const ofParts = parts.map((part) => ({
            services: [...part.services],
            after: part.after.map(number),
          }));
          return { ...operation, after: after.map(number), ...Object({ parts: ofParts }) };
        });
        const failure = { id: `#${failing + 1}`, part: failingPart };
        expect(skippedOf(said, failure)).toEqual(skippedOf(full, failure));
      }),
      { numRuns: 1000 },
    );
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
