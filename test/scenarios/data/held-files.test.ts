import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

import { expectFault } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/web/compose.yaml --
services:
  a: { image: "IMAGES/a:1" }
  b: { image: "IMAGES/b:1" }
-- packages/report/package.yaml --
files: [{ template: conf/report.conf.liquid, to: conf/report.conf }]
services: { daily: { schedule: "0 3 1 1 *" } }
-- packages/report/conf/report.conf.liquid --
title = report
-- packages/report/compose.yaml --
services:
  daily: { image: "IMAGES/report:1", restart: "no", volumes: ["./conf:/etc/report:ro"] }
`;

const platform = usePlatform({ release });

it("the files of an instance that only has a job by a schedule must stay while a commit would take away too much", async () => {
  expect((await platform().reconcile()).exitCode).toBe(0);
  const files = async () => {
    const { operations } = await plan();
    return operations.filter((line) => line.includes("remove-files"));
  };
  const plan = async () => {
    const { stdout } = await platform().keelson(["plan", "--verbose", "--config", platform().config]);
    return { operations: stdout.split("\n").filter((line) => line.startsWith("#")) };
  };
  const model = join(platform().stateDir, "instances/report/compose.json");
  const before = await readFile(model, "utf8");

  await platform().push(wantInstances(platform(), {}));
  expectFault(await platform().reconcile(), { code: "K3030" });
  expect(await files()).toEqual([]);
  expect(await readFile(model, "utf8")).toBe(before);
});
