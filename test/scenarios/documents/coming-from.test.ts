import { writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { readAgentConfig } from "../../../libs/node/src/index.ts";
import { readPage } from "../../documents/example.ts";
import { keelsonCommand, makeGitRepository, makeTempFolder, runProgram } from "../../support/index.ts";

const { blocks } = await readPage("docs/coming-from.md");
const shown = new Map(blocks.map(({ attributes, text }) => [attributes["coming"] ?? "", text]));
const compose = "services: { app: { image: 'registry.example/app:1.0' } }\n";

it("must be clean with the environment of the page, in the projects that it names", async () => {
  await using repository = await makeGitRepository();
  const apps = ["wiki", "shop", "notes"].map((name) => [`apps/${name}/compose.yaml`, compose]);
  const state = [...shown].filter(([path]) => path.startsWith("environments/"));
  await repository.commit({ files: Object.fromEntries([...apps, ...state]) });
  const run = async (...words: string[]) =>
    (await runProgram(keelsonCommand([...words, "-C", repository.path]))).stdout;
  expect(await run("check")).toContain("ok  3 local packages");
  const planned = await run("plan", "--from", "none", "--environment", "home", "--node", "nas");
  for (const service of ["wiki/app", "my-shop/app", "notes/app"]) expect(planned).toContain(` ${service} `);
});

it("must have an agent.yaml that an agent takes", async () => {
  await using folder = await makeTempFolder();
  await writeFile(folder.join("agent.yaml"), shown.get("agent.yaml") ?? "");
  expect(readAgentConfig(folder.join("agent.yaml"))).toMatchObject({
    allow: { adopt: ["wiki", "my-shop"] },
    dataFolders: { wiki: "/opt/stacks/wiki" },
  });
});
