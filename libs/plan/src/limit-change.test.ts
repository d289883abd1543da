import { expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planText } from "./plan-fixture.ts";

const running = applied(node({ core: { services: { app: {}, web: {} } } }));
type Limits = Readonly<Record<string, string>>;

/** `app` has these limits, and had others when it was seen first. */
function withLimits(now: Limits, { before }: { before: Limits | undefined }) {
  return changed(running, (copy) => {
    const app = containerOf(copy, "lab-core/app");
    app.limits = now;
    if (before !== undefined) copy.record.limits = { [app.id]: before };
  });
}

test("a limit that was changed by hand is drift: the container is made anew, and nothing else", () => {
  const state = withLimits({ memory: "64", "restart policy": "always" }, { before: { memory: "32" } });
  expect(planText(state)).toMatchInlineSnapshot(`
    "#1 create-containers service:lab-core/app (forced) [recreate]: app: memory was changed by hand; restart policy was changed by hand
    #2 start-service service:lab-core/app [live] after #1: its containers are new
    #3 await-service service:lab-core/app [live] after #2: until it runs
    "
  `);
  expect(planText(simulated(state))).toBe("nothing to do\n");
});

test.each([
  [{ memory: "64" }, { memory: "64" }],
  [{}, {}],
  // A record of an earlier version.
  [{ memory: "64" }, undefined],
])("limits %j of a container that had %j at first are as they are to be", (now, before) => {
  const state = withLimits(now, { before });
  expect(planText(state)).toBe("nothing to do\n");
  // What is seen first counts from then on.
  const id = containerOf(state, "lab-core/app").id;
  expect(simulated(state).record.limits?.[id]).toEqual(before ?? now);
});
