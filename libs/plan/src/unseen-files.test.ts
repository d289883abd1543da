import { describe, expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { type MountSketch } from "./mount-fixture.ts";
import { applied, changed, containerOf, unseen } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const conf = (content: string): MountSketch[] => [
  { services: ["web"], files: [{ to: "conf/a", onChange: "signal:HUP", content }] },
];
const core = (image: string, content = "old"): InstanceSketch => ({
  services: { web: { image }, plain: { image } },
  mounts: conf(content),
});
const sibling: InstanceSketch = { services: { web: {} }, mounts: conf("old") };
const platform = node({ core: core("web:1.0"), sibling });

/** The files of `core` as they are seen with a fault. */
function withFault(before: SimulatedNode, hides: "files" | "others"): SimulatedNode {
  return changed(before, ({ observed }) => {
    const stored = observed.storedInstances.find(({ instance }) => instance === "core");
    Object.assign(stored ?? {}, unseen(hides));
  });
}

describe("an instance whose files cannot be seen", () => {
  test("is told, and nothing of it is placed, removed, signalled or made anew because of that", () => {
    expect(planText(withFault(applied(platform), "files"))).toMatchInlineSnapshot(`
      "! files:lab-core/ [K4003] it could not be seen
      "
    `);
  });

  test("is healed by what the engine says, and its sibling too", () => {
    const state = changed(withFault(applied(platform), "files"), (copy) => {
      containerOf(copy, "lab-core/web").state = "exited";
      containerOf(copy, "lab-sibling/web").state = "exited";
      for (const [path] of Object.entries(copy.observed.storedInstances[1]?.files ?? {}))
        delete copy.observed.storedInstances[1]?.files[path];
    });
    const text = planText(state);
    expect(text).toContain("start-service service:lab-core/web [live]");
    expect(text).toContain("start-service service:lab-sibling/web [live]");
    expect(text).toContain("place-files files:lab-sibling/conf");
    expect(text).not.toContain("files:lab-core/conf");
  });

  test("makes no container that binds them, one that binds none is upgraded", () => {
    const desired = node({ core: core("web:2.0", "new"), sibling });
    const text = planText({ ...withFault(applied(platform), "files"), desired });
    expect(text).toContain("create-containers service:lab-core/plain [recreate]");
    expect(text).not.toMatch(/^#.*lab-core\/web/m);
    expect(text).toContain(
      "! service:lab-core/web [K3023] lab-core/web waits for a look at the files of lab-core, which is blocked",
    );
  });

  test("is removed", () => {
    const state = { ...withFault(applied(platform), "files"), desired: node({ sibling }) };
    const { operations, blocked } = planOf({ ...state, policy: permitted });
    expect(operations.map(({ kind }) => kind)).toEqual([
      "remove-container",
      "remove-container",
      "remove-network",
      "remove-files",
    ]);
    expect(blocked).toEqual([]);
  });
});

describe("an instance in whose folder more lies than was looked at", () => {
  const flooded = (before: SimulatedNode) =>
    changed(withFault(before, "others"), ({ observed }) => {
      observed.storedInstances[0]?.others.push("live/conf/x", "live/conf/y");
    });

  test("is told, and what is there is left as it is", () => {
    expect(planText(flooded(applied(platform)))).toMatchInlineSnapshot(`
      "! files:lab-core/ [K4009] it could not be seen
      "
    `);
  });

  test("keeps its desired files, and is upgraded", () => {
    const edited = changed(flooded(applied(platform)), ({ observed }) => {
      const file = observed.storedInstances[0]?.files["live/conf/a"];
      Object.assign(file ?? {}, { contentDigest: "differs" });
    });
    expect(planText(edited)).toContain("place-files files:lab-core/conf [reload]");
    const desired = node({ core: core("web:2.0", "new"), sibling });
    const text = planText({ ...flooded(applied(platform)), desired });
    expect(text).toMatch(/place-files files:lab-core\/conf \[reload\] .*: file conf\/a changed/);
    expect(text).toMatch(/create-containers .*web.* \[recreate\]/);
    expect(text).not.toContain("K3023");
  });
});

test("of very many files that were put there, some are named", () => {
  const state = changed(applied(platform), ({ observed }) => {
    for (let each = 1000; each < 2000; each++) observed.storedInstances[0]?.others.push(`live/conf/${each}`);
  });
  const [place, signal] = planOf(state).operations.slice(1);
  const named = Array.from({ length: 20 }, (_, each) => `file conf/${1000 + each} was put there by hand`);
  expect(place?.causes.map(({ text }) => text)).toEqual([...named, "and 980 more like that"]);
  expect(signal?.causes).toEqual(place?.causes);
});

test("what is no longer desired goes as a whole, but for what a container still binds", () => {
  const state = changed(applied(platform), (copy) => {
    copy.observed.storedInstances[0]?.others.push("files/old", "live/used");
    containerOf(copy, "lab-core/plain").binds = ["/instances/core/live/used/inner"];
  });
  expect(planText(state)).toMatchInlineSnapshot(`
    "#1 remove-files files:lab-core/{files/old} [live]: nothing uses them any more
    "
  `);
});
