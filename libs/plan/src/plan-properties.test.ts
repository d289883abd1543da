import type { Operation, Plan } from "@keelson/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { formatPlan } from "./format-plan.ts";
import { planOf, planText } from "./fixture.ts";
import { anyNode } from "./plan-arbitrary.ts";
import { findImpossible } from "./possible.ts";
import { findCopies } from "./service-containers.ts";
import { type SimulatedNode, simulate } from "./simulate.ts";

const ours = anyNode({ strangers: false });
const anybodys = anyNode({ strangers: true });
const policy = { allowMassRemoval: true };
fc.configureGlobal({ numRuns: Number(process.env["RUNS"] ?? 100) });

function planFor(state: SimulatedNode): Plan {
  return planOf({ ...state, policy });
}

function after(state: SimulatedNode, operations: readonly Operation[]): SimulatedNode {
  return { ...state, ...simulate(state, operations) };
}

/** Rounds of planning and doing, until nothing is to be done; fails when that does not come. */
function settle(state: SimulatedNode, rounds: number): void {
  let settled = state;
  for (let round = 0; round < rounds; round++) {
    const { operations } = planFor(settled);
    if (operations.length === 0) return;
    settled = after(settled, operations);
  }
  expect(planText({ ...settled, policy })).not.toMatch(/^#/);
}

/** Some order in which each operation comes after all it waits for: what an executor may do. */
function someOrder(operations: readonly Operation[], seed: number): Operation[] {
  const waiting = [...operations];
  const done = new Set<string>();
  const ordered: Operation[] = [];
  let pick = seed;
  while (waiting.length > 0) {
    const ready = waiting.filter(({ after }) => after.every((id) => done.has(id)));
    pick = (pick * 1_103_515_245 + 12_345) % 2_147_483_648;
    const next = ready[pick % ready.length];
    if (next === undefined) throw new Error("operations wait for each other");
    ordered.push(next);
    done.add(next.id);
    waiting.splice(waiting.indexOf(next), 1);
  }
  return ordered;
}

function isDisturbing(operation: Operation): boolean {
  const always = [
    "remove-container",
    "stop-container",
    "restart-container",
    "signal-container",
    "exec-in-container",
  ];
  if (always.includes(operation.kind)) return true;
  return ["create-containers", "place-files"].includes(operation.kind) && operation.class !== "live";
}

function isStaging(operation: Operation): boolean {
  if (operation.kind === "pull-image") return true;
  return operation.kind === "place-files" && operation.mount.layout === "content";
}

describe("a plan", () => {
  test("is all that is needed", () => {
    fc.assert(
      fc.property(ours, (state) => {
        const plan = planFor(state);
        expect(plan.blocked).toEqual([]);
        const rest = planText({ ...after(state, plan.operations), policy });
        expect(rest, formatPlan(plan)).toBe("nothing to do\n");
      }),
    );
  });

  test("can be done, in any order that it permits", () => {
    fc.assert(
      fc.property(anybodys, fc.nat(), (state, seed) => {
        const plan = planFor(state);
        expect(findImpossible(state, someOrder(plan.operations, seed)), formatPlan(plan)).toEqual([]);
      }),
    );
  });

  test("that is broken off anywhere leads to the same end, remembered or not", () => {
    fc.assert(
      fc.property(anybodys, fc.nat(), fc.nat(), fc.boolean(), (state, seed, cut, isKilled) => {
        const operations = someOrder(planFor(state).operations, seed);
        const part = operations.slice(0, cut % (operations.length + 1));
        const broken = after(state, part);
        settle(isKilled ? { ...broken, record: state.record } : broken, 3);
      }),
    );
  });

  test("never touches what is not ours", () => {
    fc.assert(
      fc.property(anybodys, (state) => {
        const copies = findCopies(state.desired, state);
        const strangers = state.observed.containers.filter(
          (each) => each.ownership !== "ours" || copies.has(each.id),
        );
        const text = JSON.stringify(planFor(state).operations);
        for (const { id } of strangers) expect(text).not.toContain(`"${id}"`);
      }),
    );
  });

  test("disturbs nothing before everything is staged", () => {
    fc.assert(
      fc.property(anybodys, fc.nat(), (state, seed) => {
        const operations = someOrder(planFor(state).operations, seed);
        const lastStaged = operations.findLastIndex(isStaging);
        const firstDisturbed = operations.findIndex(isDisturbing);
        if (firstDisturbed >= 0) expect(firstDisturbed).toBeGreaterThan(lastStaged);
      }),
    );
  });

  test("lists everything after what it waits for", () => {
    fc.assert(
      fc.property(anybodys, (state) => {
        const known = new Set<string>();
        for (const { id, after } of planFor(state).operations) {
          for (const other of after) expect(known).toContain(other);
          known.add(id);
        }
      }),
    );
  });

  test("is the same for the same input in any order", () => {
    fc.assert(
      fc.property(anybodys, (state) => {
        expect(planText({ ...reversed(state), policy })).toBe(planText({ ...state, policy }));
      }),
    );
  });

  test("leaves its input as it is", () => {
    fc.assert(
      fc.property(anybodys, (state) => {
        const copy = structuredClone(state);
        planFor(state);
        expect(state).toEqual(copy);
      }),
      { numRuns: 30 },
    );
  });
});

/** Every list and every record of the input the other way round. */
function reversed<T>(value: T): T {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(reversed).reverse() as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]) => [key, key === "instanceOrder" || key === "exec" ? each : reversed(each)])
      .reverse(),
  ) as T;
}
