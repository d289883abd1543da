import type { ChangeClass, DesiredNode, Operation, OperationKind } from "@keelson/model";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatPlanSummary } from "./plan-text.ts";
import { summarizePlan } from "./plan-summary.ts";

const names = ["a", "b", "c", "d"];
const nameOf = (service: string) => `lab-core/${service}`;

/** An operation on one service, or on the network of the same name, as far as a summary reads it. */
function operationOn(name: string, kind: OperationKind, changeClass: ChangeClass): Operation {
  const what = kind.endsWith("-network") ? "network" : "service";
  return Object({
    id: "#1",
    after: [],
    kind,
    class: changeClass,
    resource: `${what}:${nameOf(name)}`,
    project: "lab-core",
    instance: "core",
    services: [name],
    causes: [{ kind: "desired", service: kind === "create-containers" ? name : null, text: kind }],
    signal: "HUP",
    command: ["reload"],
  });
}

const anyOperation = fc
  .record({
    name: fc.constantFrom(...names),
    step: fc.constantFrom<[OperationKind, ChangeClass]>(
      ["create-containers", "live"],
      ["create-containers", "recreate"],
      ["remove-container", "recreate"],
      ["stop-container", "restart"],
      ["restart-container", "restart"],
      ["signal-container", "reload"],
      ["exec-in-container", "reload"],
      ["rename-container", "live"],
      ["connect-container", "reload"],
      ["start-service", "live"],
      ["await-service", "live"],
      ["record-files", "live"],
      ["create-network", "live"],
      ["create-network", "recreate"],
      ["remove-network", "recreate"],
    ),
  })
  .map(({ name, step: [kind, changeClass] }) => operationOn(name, kind, changeClass));

const desired: DesiredNode = Object({
  environment: "lab",
  node: "lab-1",
  instances: [
    {
      project: "lab-core",
      state: "running",
      services: names.slice(0, 3).map((name) => ({ name, replicas: 1 })),
    },
  ],
});

function planOf(operations: Operation[]) {
  return {
    environment: "lab",
    node: "lab-1",
    desiredDigest: "",
    operations,
    blocked: [],
    notices: [],
    grants: [],
  };
}

describe("the summary of a plan", () => {
  it("must say that what is made anew is made anew, whatever else is done to it and in whatever order", () => {
    fc.assert(
      fc.property(fc.array(anyOperation), (operations) => {
        for (const { kind, name, verb } of summarizePlan(planOf(operations))) {
          const own = operations.filter(({ resource }) => resource === `${kind}:${name}`);
          const does = (is: OperationKind, as?: ChangeClass) =>
            own.some((each) => each.kind === is && (as === undefined || each.class === as));
          const isAnew = does("create-containers", "recreate") || does("create-network", "recreate");
          expect(verb === "recreate").toBe(isAnew);
          // What is only removed has nothing else done to it that a person would call a change.
          const steps = ["remove-container", "remove-network", "await-service", "record-files"];
          expect(verb === "remove").toBe(own.every((each) => steps.includes(each.kind)));
          expect(verb === "restart").toBe(!isAnew && does("restart-container"));
          const isMild = verb === "create" || verb === "start";
          expect(isMild && (does("stop-container") || does("restart-container"))).toBe(false);
        }
      }),
    );
  });

  it("must count each service once: with what becomes of it, or as unchanged", () => {
    const isTold = ({ kind }: Operation) => kind !== "await-service" && kind !== "record-files";
    fc.assert(
      fc.property(fc.array(anyOperation), (operations) => {
        const sum =
          formatPlanSummary({ plan: planOf(operations), desired })
            .split("\n")
            .at(-1) ?? "";
        const counted = [...sum.matchAll(/(\d+) to /g)].reduce(
          (total, [, count]) => total + Number(count),
          0,
        );
        const touched = new Set(
          operations
            .filter((each) => isTold(each) && each.resource.startsWith("service:"))
            .map((each) => each.resource),
        );
        const left = names.slice(0, 3).filter((name) => !touched.has(`service:${nameOf(name)}`));
        expect(counted).toBe(touched.size);
        expect(sum).toMatch(new RegExp(`\\b${left.length} unchanged$`));
      }),
    );
  });

  it("must be the same for the same operations in any order", () => {
    fc.assert(
      fc.property(fc.array(anyOperation), (operations) => {
        const verbs = (of: Operation[]) =>
          summarizePlan(planOf(of))
            .map(({ kind, name, verb }) => `${kind}:${name} ${verb}`)
            .sort();
        expect(verbs(operations.toReversed())).toEqual(verbs(operations));
      }),
    );
  });
});
