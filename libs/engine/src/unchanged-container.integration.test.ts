import { composeLabels } from "@keelson/model";
import { sharedEngine } from "@keelson/test/support";
import { afterAll, beforeAll, expect, it } from "vitest";

import { observeEngine } from "./observation.ts";
import { type TestBench, makeTestBench } from "./test-bench.ts";
import { requireUnchanged } from "./unchanged-container.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(async () => bench[Symbol.asyncDispose]());

/** A container that somebody else has made in a project, as a round sees it. */
async function seeContainer(service: string) {
  const project = bench.project("old");
  const name = `${project}-${service}-1`;
  const container = await bench.docker.createContainer({
    name,
    Image: bench.image,
    Labels: {
      [composeLabels.project]: project,
      [composeLabels.service]: service,
      [composeLabels.oneOff]: "False",
    },
  });
  const request = bench.observation({ projects: [project], adoptable: [project] });
  const { adoptable = [], containerDefaults } = await observeEngine(bench.context.engine, request);
  const told = adoptable.find(({ id }) => id === container.id);
  if (told === undefined) throw new Error("nothing is told of the container");
  expect(containerDefaults?.loggingDriver).toBeTypeOf("string");
  return { container, adopted: { ...told, name, service, accepted: null } };
}

it("must pass a container that is as it was when it was compared, whether it runs or not", async () => {
  const { container, adopted } = await seeContainer("same");
  const check = async () => requireUnchanged(bench.context, { containers: [adopted] });
  await expect(check()).resolves.toBeUndefined();
  await container.start();
  await expect(check()).resolves.toBeUndefined();
});

it.each([
  [
    "changed",
    async (docker: { update: (to: object) => Promise<unknown> }) =>
      docker.update({ Memory: 64 * 1024 * 1024, MemorySwap: -1 }),
  ],
  [
    "removed",
    async (docker: { remove: (how: object) => Promise<unknown> }) => docker.remove({ force: true }),
  ],
] as const)("must stop where somebody has %s it meanwhile", async (what, change) => {
  const { container, adopted } = await seeContainer(what);
  await change(container);
  await expect(requireUnchanged(bench.context, { containers: [adopted] })).rejects.toMatchObject({
    code: "K3087",
    message: `container ${adopted.name} was ${what} while it was to be adopted`,
  });
});
