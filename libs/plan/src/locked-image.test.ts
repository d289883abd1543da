import { type ObservedNode, imageReference } from "@keelson/model";
import { expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";
import { lockedTo } from "./service-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const nothing = "nothing to do\n";
const one = lockedTo("one");
const two = lockedTo("two");
const short = (digest: string) => digest.slice(0, "sha256:".length + 12);

/** A node with `web:1.0`, locked to these bytes or by its tag alone, that is to have others. */
function nodeWith(had: string | undefined, wanted: string | undefined): SimulatedNode {
  const desired = (locked: string | undefined) =>
    node({ core: { services: { web: locked === undefined ? {} : { locked }, db: {} } } });
  return { ...applied(desired(had)), desired: desired(wanted) };
}

/** The container of `web` is of this image, as an engine would tell it. */
function withImage(state: SimulatedNode, image: { imageId: string; imageDigests?: string[] }): SimulatedNode {
  return changed(state, (copy) => void Object.assign(containerOf(copy, "lab-core/web"), image));
}

test("a locked image is pulled by its digest, and its container is made of that", () => {
  const desired = node({ core: { services: { web: { locked: "one" } } } });
  const after = applied(desired);
  const reference = `web:1.0@${one.digest}`;
  expect(Object.keys(after.observed.images)).toEqual([reference]);
  expect(containerOf(after, "lab-core/web")).toMatchObject({ image: reference, imageId: one.digest });
  expect(planText(after)).toBe(nothing);
});

test.each([
  ["the id of its image for a platform", { imageId: one.platforms["linux/amd64"] ?? "" }],
  ["the digest itself, as engines with containerd's images tell it", { imageId: one.digest }],
  [
    "an id that nobody knows, of what registries call by the digest",
    { imageId: "sha256:other", imageDigests: ["mirror.example/web@sha256:0", `web@${one.digest}`] },
  ],
])("locking recreates nothing that runs those bytes, which the engine knows by %s", (_how, image) => {
  const before = withImage(nodeWith(undefined, "one"), image);
  expect(containerOf(before, "lab-core/web").image).toBe("web:1.0");
  expect(planText(before)).toBe(nothing);
});

test("a container of other bytes is made anew, and nothing else is", () => {
  const before = withImage(nodeWith(undefined, "one"), { imageId: two.digest, imageDigests: [] });
  const plan = planText(before);
  expect(plan).toBe(
    [
      `#1 pull-image image:web:1.0@${one.digest} [live]: is not on the node`,
      `#2 create-containers service:lab-core/web (forced) [recreate] after #1: web: image: locked digest is ${short(one.digest)}, runs ${short(two.digest)}`,
      "#3 start-service service:lab-core/web [live] after #2: its containers are new",
      "#4 await-service service:lab-core/web [live] after #3: until it runs",
      "",
    ].join("\n"),
  );
  expect(planText(simulated(before))).toBe(nothing);
});

test("a lock that moves recreates its service, and moved back it needs no registry while the image is there", () => {
  const moved = nodeWith("one", "two");
  expect(planText(moved)).toContain(
    `image: locked digest is ${short(two.digest)}, runs ${short(one.digest)}`,
  );
  const after = simulated(moved);
  expect(planText(after)).toBe(nothing);
  const back = planOf({ ...after, desired: nodeWith("one", "one").desired });
  expect(back.operations.map(({ kind, resource }) => `${kind} ${resource}`)).toEqual([
    "create-containers service:lab-core/web",
    "start-service service:lab-core/web",
    "await-service service:lab-core/web",
  ]);
});

test("a tag that names another image on the node is of no matter where it is locked, and counts where it is not", () => {
  const tagMoved = (observed: ObservedNode) => {
    observed.images["web:1.0"] = { id: "sha256:another", digests: [] };
  };
  expect(planText(changed(nodeWith("one", "one"), ({ observed }) => tagMoved(observed)))).toBe(nothing);
  expect(planText(changed(nodeWith(undefined, undefined), ({ observed }) => tagMoved(observed)))).toContain(
    "web: web:1.0 is another image now",
  );
});

test("a lock that is taken away recreates nothing and pulls nothing", () => {
  const unlocked = nodeWith("one", undefined);
  expect(planText(unlocked)).toBe(nothing);
  const withTag = changed(unlocked, ({ observed }) => {
    observed.images["web:1.0"] = { id: "sha256:another", digests: [] };
  });
  expect(planText(withTag)).toBe(nothing);
});

test("another tag is told as such, whatever digests come with it", () => {
  const before = applied(node({ core: { services: { web: { image: "web:1.0", locked: "one" } } } }));
  const desired = node({ core: { services: { web: { image: "web:1.1", locked: "two" } } } });
  const text = planText({ ...before, desired });
  expect(text).toContain("web: image 1.0 → 1.1\n");
  expect(text).not.toContain("locked digest");
});

test("an image that the engine has by its id is not pulled", () => {
  const { desired } = nodeWith(undefined, "one");
  const [service] = desired.instances[0]?.services.filter(({ name }) => name === "web") ?? [];
  if (service === undefined) throw new Error("no service");
  const fresh = changed({ ...nodeWith("one", "one"), desired }, ({ observed, record }) => {
    observed.containers = [];
    record.containers = {};
    observed.images[imageReference(service)] = { id: one.platforms["linux/amd64"] ?? "", digests: [] };
  });
  expect(planOf(fresh).operations.filter(({ kind }) => kind === "pull-image")).toEqual([]);
});

test.each<[string, "running" | "staged", object]>([
  ["a service", "running", {}],
  ["a job by a schedule", "running", { scheduled: true }],
  ["what is to be staged", "staged", {}],
])(
  "%s whose lock has no image for this engine is blocked, and tells which it has",
  (_what, state, sketch) => {
    const desired = node({ core: { state, services: { web: { locked: "one", ...sketch }, db: {} } } });
    const empty = changed(applied(node({})), ({ observed }) => void (observed.platform = "linux/arm64"));
    const plan = planOf({ ...empty, desired });
    expect(plan.blocked).toEqual([
      {
        resource: "service:lab-core/web",
        code: "K3083",
        message:
          "lab-core/web needs image web:1.0 for linux/arm64, and what it is locked to is for linux/amd64",
        hint: "Publish the image for this platform, and lock it again; or place the instance on another node.",
      },
    ]);
    const pulled = plan.operations.flatMap((each) => (each.kind === "pull-image" ? [each.image] : []));
    expect(pulled).toEqual(["db:1.0"]);
    expect(
      planOf({ ...changed(empty, ({ observed }) => void (observed.platform = "linux/amd64")), desired })
        .blocked,
    ).toEqual([]);
  },
);

test("what runs is never blocked for its platform", () => {
  const before = changed(nodeWith("one", "one"), ({ observed }) => {
    observed.platform = "linux/arm64";
    observed.images = {};
  });
  expect(planOf(before).blocked).toEqual([]);
  expect(planText(before)).toBe(nothing);
});

test("a job that ran from other bytes runs again, and one that ran from these does not", () => {
  const desired = (locked: string) => node({ core: { services: { job: { oneShot: true, locked } } } });
  const before = applied(desired("one"));
  expect(planText(before)).toBe(nothing);
  expect(planText({ ...before, desired: desired("two") })).toContain(
    "create-containers service:lab-core/job",
  );
});

test("bytes that declare a volume no more leave no data behind unasked", () => {
  const before = changed(nodeWith("one", "two"), (copy) => {
    Object.assign(containerOf(copy, "lab-core/web"), {
      places: [{ path: "/data", kind: "anonymous", volume: "anonymous", subpath: "", readOnly: false }],
      anonymousVolumes: ["anonymous"],
    });
  });
  const [, create] = planOf(before).operations;
  expect(create).toMatchObject({
    kind: "create-containers",
    declared: [{ service: "web", image: `web:1.0@${two.digest}`, path: "/data" }],
  });
  const known = changed(before, ({ observed }) => {
    observed.images[`web:1.0@${two.digest}`] = { id: two.digest, digests: [], volumes: [] };
  });
  expect(planOf(known).blocked.map(({ code }) => code)).toEqual(["K3033"]);
});
