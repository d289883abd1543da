import type { Cause, Operation, Plan } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { buildPlanConditions } from "./plan-conditions.ts";

function planOf(operations: Operation[], more: Partial<Plan> = {}): Plan {
  return {
    environment: "lab",
    node: "n",
    desiredDigest: "",
    operations,
    blocked: [],
    notices: [],
    grants: [],
    ...more,
  };
}

function cause(kind: Cause["kind"], text = "drift"): Cause {
  return { kind, service: null, text };
}

function start(service: string, causes: Cause[]): Operation {
  const resource = `service:lab-core/${service}`;
  const base = { id: "#1", after: [], class: "live" as const, resource, causes };
  return { ...base, kind: "start-service", instance: "core", project: "lab-core", service };
}

const pull: Operation = {
  id: "#1",
  after: [],
  class: "live",
  kind: "pull-image",
  resource: "image:web:2",
  image: "web:2",
  causes: [cause("desired")],
};
const blocked = { resource: "service:lab-core/web", code: "K3021", message: "", hint: "" };

function told(plan: Plan | null): Record<string, string> {
  return Object.fromEntries(buildPlanConditions(plan).map(({ type, status }) => [type, status]));
}

describe("what is left to do", () => {
  it.each<[string, Plan | null, Record<string, string>]>([
    ["is not known", null, { Staged: "unknown", Drifted: "unknown" }],
    ["is nothing", planOf([]), { Staged: "true", Drifted: "false" }],
    ["is an image to be pulled", planOf([pull]), { Staged: "false", Drifted: "false" }],
    ["is blocked", planOf([], { blocked: [blocked] }), { Staged: "unknown", Drifted: "false" }],
    ["was changed by hand", planOf([start("web", [cause("drift")])]), { Staged: "true", Drifted: "true" }],
    ["is gone", planOf([start("web", [cause("lost")])]), { Staged: "true", Drifted: "true" }],
    [
      "is asked for by a commit or left by a killed round, whatever the text says",
      planOf([start("web", [cause("desired"), cause("interrupted"), cause("follows")])]),
      { Staged: "true", Drifted: "false" },
    ],
  ])("%s", (_case, plan, expected) => {
    expect(told(plan)).toEqual(expected);
  });

  it("must name what drifted, each once", () => {
    const operations = [
      start("web", [cause("drift")]),
      start("web", [cause("lost")]),
      start("db", [cause("drift")]),
    ];
    expect(buildPlanConditions(planOf(operations)).find(({ type }) => type === "Drifted")?.message).toBe(
      "service:lab-core/web and 1 more differ from what was applied, and no commit explains it",
    );
  });
});
