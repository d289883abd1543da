import { type Operation, type Plan, emptyRecord } from "@keelson/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { frozenCopy } from "./frozen-fixture.ts";
import { planChanges } from "./plan-changes.ts";
import { planOf, planText, withPolicy } from "./plan-fixture.ts";
import { formatPlan } from "./format-plan.ts";
import { placeOf } from "./service-containers.ts";
import { anyNode } from "./test-arbitrary.ts";
import { findImpossible } from "./test-engine.ts";
import { emptyObserved, simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const ours = anyNode({ strangers: false });
const anybodys = anyNode({ strangers: true });
const policy = { allowMassRemoval: true };

function planFor(state: SimulatedNode): Plan {
  return planOf({ ...state, policy });
}

function after(state: SimulatedNode, operations: readonly Operation[]): SimulatedNode {
  return { ...state, ...simulate(state, operations) };
}

/** The operations that are left after some rounds of planning and doing. */
function settle(state: SimulatedNode, rounds: number): Operation[] {
  const { operations } = planFor(state);
  if (operations.length === 0 || rounds === 0) return operations;
  return settle(after(state, operations), rounds - 1);
}

/** Some order in which each operation comes after all it waits for: what an executor may do. */
function someOrder(operations: readonly Operation[], seed: number): Operation[] {
  const waiting = [...operations];
  const done = new Set<string>();
  const ordered: Operation[] = [];
  let pick = seed;
  while (waiting.length > 0) {
    const ready = waiting.filter((operation) => operation.after.every((id) => done.has(id)));
    pick = (pick * 1_103_515_245 + 12_345) % 2_147_483_648;
    const next = ready[pick % ready.length];
    if (next === undefined) throw new Error("operations wait for each other");
    ordered.push(next);
    done.add(next.id);
    waiting.splice(waiting.indexOf(next), 1);
  }
  return ordered;
}

const disturbingKinds = [
  "remove-container",
  "stop-container",
  "restart-container",
  "signal-container",
  "exec-in-container",
];

function isDisturbing({ kind, class: changeClass }: Operation): boolean {
  const isChange = ["create-containers", "place-files", "keep-folder"].includes(kind);
  return disturbingKinds.includes(kind) || (isChange && changeClass !== "live");
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
        const rest = planFor(after(state, plan.operations));
        const all = { plan: formatPlan(plan), blocked: plan.blocked, rest: formatPlan(rest) };
        expect(all).toEqual({ ...all, blocked: [], rest: "nothing to do\n" });
      }),
    );
  });

  test("can be done, in any order that it permits", () => {
    fc.assert(
      fc.property(anybodys, fc.nat(), (state, seed) => {
        const { operations, ...plan } = planFor(state);
        const impossible = findImpossible(state, someOrder(operations, seed));
        const all = { plan: formatPlan({ operations, ...plan }), impossible };
        expect(all).toEqual({ ...all, impossible: [] });
      }),
    );
  });

  test("puts equal files that are bound by several names into their one place only once", () => {
    const anyMount = fc.record({
      source: fc.constantFrom("conf", "a/conf", "a/b/conf", "c/conf"),
      content: fc.constantFrom("1", "2"),
      services: fc.subarray(["app", "db"], { minLength: 1 }),
    });
    const anyMounts = fc.uniqueArray(anyMount, { minLength: 1, selector: ({ source }) => source });
    fc.assert(
      fc.property(anyMounts, (sketches) => {
        const mounts = sketches.map(({ source, content, services }) => ({
          services,
          files: [{ to: `${source}/x`, content }],
        }));
        const desired = node({ core: { services: { app: {}, db: {} }, mounts } });
        const { operations } = planOf({ desired, observed: emptyObserved, record: emptyRecord });
        const places = operations.flatMap((operation) =>
          operation.kind === "place-files" ? [operation.mount.target] : [],
        );
        expect(places).toHaveLength(new Set(sketches.map(({ content }) => content)).size);
        expect(new Set(places).size).toBe(places.length);
      }),
    );
  });

  test("that is broken off anywhere leads to the same end, remembered or not", () => {
    fc.assert(
      fc.property(anybodys, fc.nat(), fc.nat(), fc.boolean(), (state, seed, cut, isKilled) => {
        const operations = someOrder(planFor(state).operations, seed);
        const done = operations.slice(0, cut % (operations.length + 1));
        const broken = after(state, done);
        expect(settle(isKilled ? { ...broken, record: state.record } : broken, 3)).toEqual([]);
      }),
    );
  });

  test("that would take away too much takes away nothing, now and in the next round", () => {
    const strict = { allowMassRemoval: false };
    const isWithheld = (state: SimulatedNode) =>
      planOf({ ...state, policy: strict }).blocked.some(({ code }) => code === "K3030");
    const placesOf = ({ observed }: SimulatedNode) => {
      const own = observed.containers.filter(({ ownership }) => ownership === "ours");
      const services = Map.groupBy(own, ({ project, service }) => `${project}/${service}`);
      return [...services].flatMap(([service, all]) =>
        [...new Set(all.map(placeOf))].map((_, index) => `${service} ${index}`),
      );
    };
    fc.assert(
      fc.property(ours, (state) => {
        fc.pre(isWithheld(state));
        const next = after(state, planOf({ ...state, policy: strict }).operations);
        expect(placesOf(next)).toEqual(expect.arrayContaining(placesOf(state)));
        expect(isWithheld(next)).toBe(true);
      }),
    );
  });

  test("never touches what is not ours", () => {
    fc.assert(
      fc.property(anybodys, (state) => {
        const strangers = state.observed.containers.filter(({ ownership }) => ownership !== "ours");
        const text = JSON.stringify(planFor(state).operations);
        expect(strangers.filter(({ id }) => text.includes(JSON.stringify(id)))).toEqual([]);
      }),
    );
  });

  test("disturbs nothing before everything is staged", () => {
    fc.assert(
      fc.property(anybodys, fc.nat(), (state, seed) => {
        const operations = someOrder(planFor(state).operations, seed);
        const lastStaged = operations.findLastIndex(isStaging);
        expect(operations.slice(0, lastStaged + 1).filter(isDisturbing)).toEqual([]);
      }),
    );
  });

  test("lists everything after what it waits for", () => {
    fc.assert(
      fc.property(anybodys, (state) => {
        const { operations } = planFor(state);
        const early = operations.filter((operation, index) => {
          const known = new Set(operations.slice(0, index).map(({ id }) => id));
          return operation.after.some((id) => !known.has(id));
        });
        expect(early).toEqual([]);
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

  test("leaves its input as it is, and is the same for one that cannot be changed", () => {
    fc.assert(
      fc.property(anybodys, fc.boolean(), (state, allowMassRemoval) => {
        const input = withPolicy({ ...state, policy: { allowMassRemoval } });
        const copy = structuredClone(input);
        const plan = planChanges(input);
        expect(input).toEqual(copy);
        expect(planChanges(frozenCopy(input))).toEqual(plan);
      }),
    );
  });
});

/** Every list and every record of the input the other way round, where the order says nothing. */
function reversed(state: SimulatedNode): SimulatedNode {
  const copy: SimulatedNode = JSON.parse(JSON.stringify(state), (key, value: unknown) => {
    if (key === "instanceOrder" || key === "exec" || typeof value !== "object" || value === null)
      return value;
    return Array.isArray(value) ? value.toReversed() : Object.fromEntries(Object.entries(value).toReversed());
  });
  return copy;
}
