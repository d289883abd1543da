import type { ObservedContainer, Operation } from "@keelson/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { formatPlan } from "./format-plan.ts";
import { ask } from "./grant-fixture.ts";
import { planOf } from "./plan-fixture.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { anyNode } from "./test-arbitrary.ts";
import { instanceNames, serviceNames } from "./test-desired.ts";

/** A node, and the instance that asks for more than the node permits. */
const anyRefused = fc
  .record({
    state: anyNode({ strangers: false }),
    name: fc.constantFrom(...instanceNames),
    service: fc.constantFrom(...serviceNames, ""),
  })
  .map(({ state, name, service }) => ({ state: withAsk(state, { name, service }), name, service }))
  // With a lost record, a counter can be followed before it is known what it was for.
  .filter(({ state }) => state.record.applied !== null)
  .filter(({ state, name, service }) =>
    state.desired.instances.some(
      (each) =>
        each.name === name &&
        each.state === "running" &&
        (service === "" || each.services.some((one) => one.name === service)),
    ),
  );

function withAsk(state: SimulatedNode, { name, service }: { name: string; service: string }): SimulatedNode {
  const grants = [ask(service === "" ? "volumes archive" : `${service}: privileged`)];
  const instances = state.desired.instances.map((each) => (each.name === name ? { ...each, grants } : each));
  return { ...state, desired: { ...state.desired, instances } };
}

const strict = { allowMassRemoval: true };
const lenient = { ...strict, allow: "all" as const };

function after(state: SimulatedNode, operations: readonly Operation[]): SimulatedNode {
  return { ...state, ...simulate(state, operations) };
}

function containersOf({ observed }: SimulatedNode, name: string): Partial<ObservedContainer>[] {
  return observed.containers
    .filter(({ instance }) => instance === name)
    .map(({ id, name: called, digest, networks }) => ({ id, name: called, digest, networks }));
}

test("an instance that the node refuses keeps its containers as they are", () => {
  fc.assert(
    fc.property(anyRefused, ({ state, name }) => {
      const plan = planOf({ ...state, policy: strict });
      const kept = containersOf(after(state, plan.operations), name);
      expect({ plan: formatPlan(plan), kept }).toEqual({
        plan: expect.stringContaining("K3060"),
        kept: containersOf(state, name),
      });
    }),
  );
});

test("what the node refuses leaves nothing to be done again and again", () => {
  fc.assert(
    fc.property(anyRefused, ({ state }) => {
      let last = state;
      for (let round = 0; round < 4; round++)
        last = after(last, planOf({ ...last, policy: strict }).operations);
      expect(formatPlan({ ...planOf({ ...last, policy: strict }), blocked: [], notices: [] })).toBe(
        "nothing to do\n",
      );
    }),
  );
});

test("what the node permits later leads to the same end", () => {
  fc.assert(
    fc.property(anyRefused, ({ state }) => {
      let last = after(state, planOf({ ...state, policy: strict }).operations);
      for (let round = 0; round < 3; round++)
        last = after(last, planOf({ ...last, policy: lenient }).operations);
      const { operations, blocked } = planOf({ ...last, policy: lenient });
      expect({ operations, blocked }).toEqual({ operations: [], blocked: [] });
    }),
  );
});
