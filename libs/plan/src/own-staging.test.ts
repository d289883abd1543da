import { expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";

const version = (image: string, more: Partial<InstanceSketch> = {}): InstanceSketch => ({
  services: { app: { image } },
  ...more,
});
const before = applied(
  node({
    proxy: version("proxy:1"),
    media: version("media:1"),
    user: version("user:1", { after: ["proxy"] }),
  }),
);
const wanted = {
  ...before,
  desired: node({
    proxy: version("proxy:2"),
    media: version("media:2"),
    user: version("user:2", { after: ["proxy"] }),
  }),
};

/** The images that must have been pulled before the containers of each instance are made anew. */
function awaitedImages(partial: boolean, state = wanted) {
  const { operations } = planOf({ ...state, policy: { partial } });
  const above = (id: string): string[] => {
    const operation = operations.find((each) => each.id === id);
    return operation === undefined ? [] : [id, ...operation.after.flatMap(above)];
  };
  return Object.fromEntries(
    operations
      .filter(({ kind }) => kind === "create-containers" || kind === "remove-container")
      .map(({ id, resource }) => {
        const pulls = operations.filter((each) => each.kind === "pull-image" && above(id).includes(each.id));
        return [resource, pulls.map((each) => each.resource).sort()];
      }),
  );
}

test("nothing is disturbed before all images of the plan are there", () => {
  const all = ["image:media:2", "image:proxy:2", "image:user:2"];
  expect(awaitedImages(false)).toEqual({
    "service:lab-media/app": all,
    "service:lab-proxy/app": all,
    "service:lab-user/app": all,
  });
});

test("where the policy is partial, an instance waits for its own images and for those of what it requires", () => {
  expect(awaitedImages(true)).toEqual({
    "service:lab-media/app": ["image:media:2"],
    "service:lab-proxy/app": ["image:proxy:2"],
    "service:lab-user/app": ["image:proxy:2", "image:user:2"],
  });
});

test("what is desired no more goes only once all images are there: it may be the same under another name", () => {
  const { desired } = wanted;
  const renamed = changed(wanted, (copy) => {
    copy.desired = { ...desired, instances: desired.instances.filter(({ name }) => name !== "media") };
  });
  expect(awaitedImages(true, renamed)["service:lab-media/app"]).toEqual(["image:proxy:2", "image:user:2"]);
});
