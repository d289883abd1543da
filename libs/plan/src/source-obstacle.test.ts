import type { ObservedContainer } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";

const desired = node({
  core: {
    services: { planter: {}, victim: {} },
    mounts: [{ services: ["victim"], files: [{ to: "conf/d/x", onChange: "restart" }] }],
  },
});
const folder = applied(desired).observed.storedInstances[0]?.folder ?? "";

/** The victim has to be started, while another container is as an earlier version made it. */
function whileThereIs(name: string, fields: Partial<ObservedContainer>) {
  return changed(applied(desired), (copy) => {
    containerOf(copy, "lab-core/victim").state = "exited";
    Object.assign(containerOf(copy, name), fields);
  });
}

describe("a folder that a container can write", () => {
  test("leads to nothing that is bound", () => {
    const plan = planOf(whileThereIs("lab-core/planter", { writableBinds: [`${folder}/live/conf`] }));
    expect(plan.blocked).toMatchObject([
      {
        code: "K3018",
        resource: "service:lab-core/victim",
        message:
          "conf/d cannot be bound while container lab-core-planter-1 can write the folder that leads to it",
      },
    ]);
    expect(plan.operations.filter(({ resource }) => resource.includes("victim"))).toEqual([]);
  });

  test.each<[string, string, Partial<ObservedContainer>]>([
    ["only reads it", "lab-core/planter", { binds: [`${folder}/live/conf`] }],
    ["writes the bound folder itself", "lab-core/planter", { writableBinds: [`${folder}/live/conf/d`] }],
    [
      "writes a folder whose name begins alike",
      "lab-core/planter",
      { writableBinds: [`${folder}/live/con`] },
    ],
    ["is somebody else's", "lab-core/planter", { ownership: "foreign", writableBinds: ["/"] }],
    [
      "is the service's own, which is replaced first",
      "lab-core/victim",
      { writableBinds: [`${folder}/live/conf`] },
    ],
  ])("is no obstacle when the container %s", (_what, name, fields) => {
    const { blocked } = planOf(whileThereIs(name, fields));
    expect(blocked.filter(({ code }) => code === "K3018")).toEqual([]);
  });
});
