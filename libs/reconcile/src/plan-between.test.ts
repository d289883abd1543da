import { type DesiredNode, type DesiredService, type LockedImage, widestWaits } from "@keelson/model";
import { formatPlan } from "@keelson/plan";
import { expect, test } from "vitest";

import { planBetween } from "./plan-between.ts";

const lockTo = (digit: string): LockedImage => ({ digest: `sha256:${digit.repeat(64)}`, platforms: {} });

/** A node with one service, whose image is locked to this or to nothing. */
function nodeWith(lockedImage?: LockedImage): DesiredNode {
  const service: DesiredService = {
    name: "web",
    image: "web:1",
    ...(lockedImage === undefined ? {} : { lockedImage }),
    digests: [{ algorithm: "v1", digest: "d", parts: { image: "web:1" } }],
    replicas: 1,
    oneShot: false,
    endAwaited: false,
    hasHealthcheck: false,
    trialMs: 60_000,
    stopGraceMs: null,
    dependsOn: [],
    sharesWith: [],
    networks: [],
    volumes: [],
    places: [],
    ports: [],
  };
  return {
    environment: "lab",
    node: "lab-1",
    lockDigest: "",
    digest: "",
    instances: [
      {
        name: "app",
        project: "lab-app",
        package: { reference: "sample/app", version: "1.0.0" },
        state: "running",
        after: [],
        services: [service],
        networks: [],
        volumes: [],
        mounts: [],
        folders: [],
        grants: [],
        compose: { name: "lab-app", services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
      },
    ],
    networks: [],
    held: [],
  };
}

const policy = { allowMassRemoval: false, partial: false, allow: {}, waits: widestWaits };
const planText = (before: DesiredNode, after: DesiredNode) =>
  formatPlan(planBetween(before, { after, policy }));

test("a first lock, and one that is taken away, change nothing between two revisions", () => {
  expect(planText(nodeWith(), nodeWith(lockTo("a")))).toBe("nothing to do\n");
  expect(planText(nodeWith(lockTo("a")), nodeWith())).toBe("nothing to do\n");
});

test("a lock that moves is told with both digests", () => {
  const text = planText(nodeWith(lockTo("a")), nodeWith(lockTo("b")));
  expect(text).toContain(`pull-image image:web:1@sha256:${"b".repeat(64)} [live]: is new in this revision`);
  expect(text).toContain(`image: locked digest is sha256:${"b".repeat(12)}, runs sha256:${"a".repeat(12)}`);
});
