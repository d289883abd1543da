import { claimName, composeLabels, labels } from "@keelson/model";
import { sharedEngine } from "@keelson/test/support";
import { afterAll, beforeAll, expect, it } from "vitest";

import { observeEngine } from "./observation.ts";
import { claimProject, unclaimProject } from "./project-claim.ts";
import { type TestBench, makeTestBench } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(async () => bench[Symbol.asyncDispose]());

it("must take a project for the environment that asks first, until that gives it up", async () => {
  const project = bench.project("claimed");
  const second = { ...bench.context, environment: "second" };
  await claimProject(bench.context, { project });
  // Doing it twice is as good as once.
  await claimProject(bench.context, { project });
  await expect(claimProject(second, { project })).rejects.toMatchObject({
    code: "K9099",
    message: `the project ${project} is of the environment ${bench.context.environment}, which has adopted it`,
  });
  const { claims, volumes } = await observeEngine(bench.context.engine, bench.observation({}));
  expect(claims).toContainEqual({ project, environment: bench.context.environment });
  expect(volumes.map(({ name }) => name)).not.toContain(claimName(project));

  // Only its own.
  await unclaimProject(second, { project });
  await expect(claimProject(second, { project })).rejects.toMatchObject({ code: "K9099" });
  await unclaimProject(bench.context, { project });
  await unclaimProject(bench.context, { project });
  await claimProject(second, { project });
});

it("must not take a project for which somebody has put another volume there", async () => {
  const project = bench.project("taken");
  const Labels = { [composeLabels.project]: project, [labels.environment]: "x" };
  await bench.docker.createVolume({ Name: claimName(project), Labels });
  await expect(claimProject(bench.context, { project })).rejects.toMatchObject({ code: "K9099" });
});
