import type { Operation, Plan, Status, StatusError } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findKeptWait } from "./kept-wait.ts";

const now = new Date("2026-11-20T08:00:00.000Z");
const after = (ms: number) => new Date(now.getTime() + ms).toISOString();
const commit = "c".repeat(40);
const keepsUpToMs = 660_000;

const error = (resource: string, outcome: StatusError["outcome"] = "transient"): StatusError => ({
  code: "K3006",
  resource,
  message: "it failed",
  hint: "",
  outcome,
  since: "",
});

function told(errors: StatusError[], more: { nextAt?: string; attempted?: string } = {}): Status {
  const { nextAt = after(60_000), attempted = commit } = more;
  const status: Pick<Status, "errors" | "retry"> & { source: Pick<Status["source"], "attempted"> } = {
    errors,
    retry: { attempt: 2, nextAt },
    source: { attempted },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these fields are read
  return status as Status;
}

function planOf(...operations: [id: string, resource: string, ...after: string[]][]): Plan {
  return {
    environment: "lab",
    node: "lab-1",
    desiredDigest: "d",
    operations: operations.map(([id, resource, ...needed]): Operation => ({
      id,
      kind: "pull-image",
      image: "web:1",
      resource,
      causes: [],
      class: "live",
      after: needed,
    })),
    blocked: [],
    notices: [],
    grants: [],
  };
}

const plan = planOf(
  ["#1", "service:lab-core/job"],
  ["#2", "service:lab-core/job", "#1"],
  ["#3", "service:lab-core/after", "#2"],
  ["#4", "service:lab-core/calm"],
);
const dueOf = (last: Status | null, over: Partial<Parameters<typeof findKeptWait>[1]> = {}) =>
  findKeptWait(plan, { last, commit, keepsUpToMs, now, ...over })
    ?.withoutIt(plan)
    .operations.map(({ id }) => id);

describe("the wait that a round keeps", () => {
  it("must hold back what failed and what depends on it, and nothing else", () => {
    expect(dueOf(told([error("service:lab-core/job")]))).toEqual(["#4"]);
    expect(dueOf(told([error("service:lab-core/job", "stalled")]))).toEqual(["#4"]);
    const wait = findKeptWait(plan, {
      last: told([error("image:a"), error("service:lab-core/job")]),
      commit,
      keepsUpToMs,
      now,
    });
    expect(wait?.errors.map(({ resource }) => resource)).toEqual(["service:lab-core/job"]);
    expect(wait?.retry).toEqual({ attempt: 2, nextAt: after(60_000) });
  });

  it("must know a service also among those that Compose makes together", () => {
    expect(dueOf(told([error("services:lab-core/{after,calm}")]))).toEqual(["#1", "#2"]);
  });

  it("must hold back only that part of a creation which failed, or needs what failed", () => {
    const { operations, ...rest } = planOf(
      ["#1", "image:web"],
      ["#3", "service:lab-core/web", "#2"],
      ["#4", "service:lab-core/worker", "#2"],
      ["#5", "service:lab-core/last", "#2", "#4"],
    );
    const [pull, ...others] = operations;
    if (pull === undefined) throw new Error("the plan has a pull");
    const creation: Operation = {
      id: "#2",
      kind: "create-containers",
      resource: "services:lab-core/{web,worker}",
      instance: "core",
      project: "lab-core",
      services: ["web", "worker"],
      parts: [
        { services: ["web"], after: ["#1"] },
        { services: ["worker"], after: [] },
      ],
      force: false,
      causes: [],
      class: "live",
      after: ["#1"],
    };
    const whole: Plan = { ...rest, operations: [pull, creation, ...others] };
    for (const failed of ["image:web", "service:lab-core/web"]) {
      const last = told([error(failed)]);
      const due = findKeptWait(whole, { last, commit, keepsUpToMs, now })?.withoutIt(whole).operations ?? [];
      const isPulled = failed !== "image:web";
      expect(due.map(({ id }) => id)).toEqual([...(isPulled ? ["#1"] : []), "#2", "#4"]);
      expect(due.find(({ id }) => id === "#2")).toEqual({
        ...creation,
        resource: "service:lab-core/worker",
        services: ["worker"],
        parts: [{ services: ["worker"], after: [] }],
        after: isPulled ? ["#1"] : [],
      });
    }
    const both = told([error("services:lab-core/{web,worker}")]);
    expect(
      findKeptWait(whole, { last: both, commit, keepsUpToMs, now })?.withoutIt(whole).operations,
    ).toEqual([pull]);
  });

  it("must hold back nothing that was blocked, or is only not well", () => {
    expect(dueOf(told([error("service:lab-core/job", "waiting")]))).toEqual(["#1", "#2", "#3", "#4"]);
  });

  it.each<[string, Status | null, Partial<Parameters<typeof findKeptWait>[1]>]>([
    ["nothing was told", null, {}],
    ["no retry was told", { ...told([error("service:lab-core/job")]), retry: null }, {}],
    ["its time has come", told([error("service:lab-core/job")], { nextAt: after(0) }), {}],
    ["a clock was set back since", told([error("service:lab-core/job")], { nextAt: after(661_000) }), {}],
    ["another commit is tried", told([error("service:lab-core/job")], { attempted: "b".repeat(40) }), {}],
    ["somebody asks", told([error("service:lab-core/job")]), { keepsUpToMs: null }],
  ])("must be none where %s", (_what, last, over) => {
    expect(dueOf(last, over)).toBeUndefined();
  });
});
