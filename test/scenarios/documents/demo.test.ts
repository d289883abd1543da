import { join } from "node:path";

import { expect, it } from "vitest";

import { checkout, runProgram } from "../../support/index.ts";

it("script/demo must tell its story of two nodes to its end, and leave nothing", async () => {
  const command = [process.execPath, join(checkout, "script/demo.ts"), "--nodes", "2"] as const;
  const { exitCode, stdout, stderr } = await runProgram(command, { env: process.env, timeoutMs: 150_000 });

  expect(exitCode, `it ended well: ${stderr}`).toBe(0);
  for (const node of ["hosp-a", "hosp-b"])
    expect(stdout).toMatch(new RegExp(`^clinic-eu +${node} +ready `, "m"));
  const replaced = [...stdout.matchAll(/^ {2}clinic-eu-(\S+)-1 .* recreated$/gm)].map(([, name]) => name);
  expect(replaced).toEqual(["core-core", "core-preview", "core-core", "core-preview"]);
  expect(stdout.match(/it runs again after/g)).toHaveLength(2);
  expect(stdout.match(/was changed by hand/g)).toHaveLength(2);
  expect(stdout).toContain('{"agent":{"bootId"');
  expect(stdout.trimEnd()).toMatch(/Everything the demo made is removed\.$/);
});
