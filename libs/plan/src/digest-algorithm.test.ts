import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import { formatPlan } from "./format-plan.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { withNewAlgorithm, withNewestOnly } from "./test-algorithm.ts";
import { anyNode } from "./test-arbitrary.ts";

const platform = (web: ServiceSketch = {}) =>
  node({
    core: {
      services: { web: { environment: "old", ...web }, job: { oneShot: true }, many: { replicas: 2 } },
    },
  });

/** A node of an earlier version, which has just met an algorithm that it did not know. */
const upgraded = (desired = platform()): SimulatedNode => ({
  ...applied(platform()),
  desired: withNewAlgorithm(desired),
});

const withoutOld = (state: SimulatedNode): SimulatedNode => ({
  ...state,
  desired: withNewestOnly(state.desired),
});

const nothing = "nothing to do\n";

describe("a new digest algorithm", () => {
  test("recreates nothing", () => {
    expect(planText(upgraded())).toBe(nothing);
  });

  test("tells a real change, and names only that", () => {
    const plan = planText(upgraded(platform({ environment: "new" })));
    expect(plan).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/web [recreate]: web: environment changed
      #2 start-service service:lab-core/web [live] after #1: its containers are new
      #3 await-service service:lab-core/web [live] after #2: until it runs
      "
    `);
  });

  test("tells a change of what counts only since, once a round has seen the containers", () => {
    const after = simulated(upgraded());
    const changed = { ...after, desired: withNewAlgorithm(platform(), "another") };
    expect(planText(changed)).toContain("web: hostname changed");
    expect(planText(changed)).toBe(planText(withoutOld(changed)));
  });

  test("recreates nothing when the old one is dropped after a round", () => {
    const before = upgraded();
    const after = simulated(before);
    expect(planText(withoutOld(after))).toBe(nothing);
    // Without that round nobody could know.
    expect(planText(withoutOld(before))).toContain("recreate");
  });

  test("tells a real change when the old one is dropped, too", () => {
    const after = simulated(upgraded());
    const desired = withNewAlgorithm(platform({ environment: "new" }));
    expect(planText(withoutOld({ ...after, desired }))).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-core/web [recreate]: web: environment changed
      #2 start-service service:lab-core/web [live] after #1: its containers are new
      #3 await-service service:lab-core/web [live] after #2: until it runs
      "
    `);
  });

  test("says no more than it knows of what was applied under an algorithm that is gone", () => {
    const desired = withNewAlgorithm(platform({ environment: "new" }));
    expect(planText(withoutOld({ ...upgraded(), desired }))).toContain("web: its configuration changed");
  });

  test("leaves what stays when a service becomes larger", () => {
    const state = upgraded(
      node({
        core: { services: { web: { environment: "old" }, job: { oneShot: true }, many: { replicas: 3 } } },
      }),
    );
    const ids = state.observed.containers.map(({ id }) => id);
    expect(simulated(state).observed.containers.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });
});

describe("what the record accepts", () => {
  test("is that one container, and no other with the same label", () => {
    const after = withoutOld(simulated(upgraded()));
    const other = changed(after, (copy) => {
      const container = containerOf(copy, "lab-core/web");
      container.id = "another";
      delete container.accepted;
    });
    expect(planText(after)).toBe(nothing);
    expect(planText(other)).toContain("create-containers service:lab-core/web [recreate]");
  });

  test("is one digest under one algorithm", () => {
    const after = withoutOld(simulated(upgraded()));
    for (const part of [{ algorithm: "v3" }, { digest: "other" }]) {
      const state = changed(after, (copy) => {
        Object.assign(containerOf(copy, "lab-core/web").accepted ?? {}, part);
      });
      expect(planText(state)).toContain("create-containers service:lab-core/web [recreate]");
    }
  });

  test("is written once, and forgotten with the container", () => {
    const after = simulated(upgraded());
    expect(Object.keys(after.record.accepted).sort()).toEqual(Object.keys(after.record.containers).sort());
    expect(simulated(after).record).toEqual(after.record);
    const smaller = {
      ...after,
      desired: withNewAlgorithm(node({ core: { services: { web: { environment: "old" } } } })),
    };
    const { record, observed } = simulate(
      smaller,
      planOf({ ...smaller, policy: { allowMassRemoval: true } }).operations,
    );
    expect(Object.keys(record.accepted)).toEqual(observed.containers.map(({ id }) => id));
  });
});

describe("on any node", () => {
  const policy = { allowMassRemoval: true };

  test("a new algorithm changes no plan", () => {
    fc.assert(
      fc.property(anyNode({ strangers: true }), (state) => {
        const upgraded = { ...state, desired: withNewAlgorithm(state.desired) };
        expect(formatPlan(planOf({ ...upgraded, policy }))).toBe(formatPlan(planOf({ ...state, policy })));
      }),
    );
  });

  test("an old one says nothing any more after one round", () => {
    const before = anyNode({ strangers: false });
    fc.assert(
      fc.property(before, before, (state, { desired: other }) => {
        const upgraded = { ...state, desired: withNewAlgorithm(state.desired) };
        const after = { ...upgraded, ...simulate(upgraded, planOf({ ...upgraded, policy }).operations) };
        const next = { ...after, desired: withNewAlgorithm(other, "another") };
        expect(formatPlan(planOf({ ...next, policy }))).toBe(
          formatPlan(planOf({ ...withoutOld(next), policy })),
        );
      }),
    );
  });

  test("an old one can be dropped after one round", () => {
    fc.assert(
      fc.property(anyNode({ strangers: false }), (state) => {
        const upgraded = { ...state, desired: withNewAlgorithm(state.desired) };
        const after = { ...upgraded, ...simulate(upgraded, planOf({ ...upgraded, policy }).operations) };
        expect(formatPlan(planOf({ ...withoutOld(after), policy }))).toBe(nothing);
      }),
    );
  });
});
