import { emptyRecord } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { node } from "./desired-fixture.ts";
import { changed } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";

const fresh = {
  desired: node({ mail: { services: { db: { healthcheck: true }, web: {} } } }),
  observed: emptyObserved,
  record: emptyRecord,
};
const asking = (waits: { trialMs: number; stopGraceMs: number | null }) =>
  changed(fresh, ({ desired }) => Object.assign(desired.instances[0]?.services[0] ?? {}, waits));
const policy = { waits: { stopMs: 600_000, trialMs: 900_000 } };

const trialOf = (plan: ReturnType<typeof planOf>) =>
  plan.operations.flatMap((each) =>
    each.kind === "await-service" && each.service === "db" ? [each.timeoutMs] : [],
  );

describe("what a commit asks a node to wait", () => {
  it("must be cut to what the node gives, and told (K3017)", () => {
    const plan = planOf({ ...asking({ trialMs: 3_600_000, stopGraceMs: 5_400_000 }), policy });
    expect(trialOf(plan)).toEqual([900_000]);
    expect(plan.notices).toEqual([
      {
        resource: "service:lab-mail/db",
        code: "K3017",
        message: "lab-mail/db asks for 1h30m to end; this node gives 10m (timeouts.stop)",
      },
      {
        resource: "service:lab-mail/db",
        code: "K3017",
        message: "lab-mail/db asks for 1h to come up; this node gives 15m (timeouts.trial)",
      },
    ]);
  });

  it("must not be told of what nothing judges: it comes up by running", () => {
    const state = changed(fresh, ({ desired }) =>
      Object.assign(desired.instances[0]?.services[1] ?? {}, { trialMs: 3_600_000 }),
    );
    expect(planOf({ ...state, policy }).notices).toEqual([]);
  });

  it("must be given as it is up to that, without a word", () => {
    const plan = planOf({ ...asking({ trialMs: 900_000, stopGraceMs: 300_000 }), policy });
    expect(trialOf(plan)).toEqual([900_000]);
    expect(plan.notices).toEqual([]);
    expect(plan.blocked).toEqual([]);
  });

  it("must not count as a change of what is desired", () => {
    const state = asking({ trialMs: 3_600_000, stopGraceMs: 5_400_000 });
    expect(planOf({ ...state, policy }).desiredDigest).toBe(state.desired.digest);
  });
});
