import { expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, simulated } from "./node-fixture.ts";
import { planText } from "./plan-fixture.ts";

const web = { services: { app: {}, backup: { scheduled: true } } };

test("a job that has a schedule has its image and no container", () => {
  const state = applied(node({ web }));
  expect(planText(state)).toBe("nothing to do\n");
  expect(state.observed.containers.map(({ service }) => service)).toEqual(["app"]);
  const bare = changed(state, ({ observed }) => {
    observed.images["backup:1.0"] = null;
  });
  expect(planText(bare)).toBe("#1 pull-image image:backup:1.0 [live]: is not on the node\n");
  expect(planText(simulated(bare))).toBe("nothing to do\n");
});

test("a job that gets a schedule loses its container", () => {
  const before = applied(node({ web: { services: { app: {}, backup: { job: true } } } }));
  const after = { ...before, desired: node({ web }) };
  expect(planText(after)).toContain("remove-container service:lab-web/backup");
  expect(planText(simulated(after))).toBe("nothing to do\n");
});
