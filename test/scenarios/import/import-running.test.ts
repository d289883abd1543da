import { mkdir, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { stringify } from "yaml";

import {
  loadImages,
  buildImageArchive,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  runKeelson,
  startEngine,
} from "../../support/index.ts";
import { gitEnvironment } from "../../support/git-repository.ts";
import { findCompose } from "../compose-program.ts";

const image = "keelson-test-import/app:1";
const service = `services:
  app:
    image: ${image}
    init: true
    stop_grace_period: 1s
`;

const files = {
  "apps/wiki/compose.yaml": `${service}    volumes: ["./data:/data", "pages:/pages"]\nvolumes: { pages: }\n`,
  "apps/wiki/.gitignore": "data/\n",
  "apps/edge/compose.yaml": `name: front\n${service}`,
  "apps/idle/compose.yaml": service,
};

it("keelson import --engine must take over what runs from the folders, and drop nothing else", async () => {
  await using engine = await startEngine();
  await using home = await makeTempFolder("keelson-import-");
  await using repository = await makeGitRepository();
  const env = { DOCKER_HOST: engine.dockerHost };
  await loadImages(engine.docker, [await buildImageArchive({ tag: image })]);
  await repository.write(files);
  // One runs from the repository, one from a copy of its file, and one has nothing to do with it.
  await mkdir(home.join("front"));
  await mkdir(home.join("other"));
  await writeFile(home.join("front/compose.yaml"), files["apps/edge/compose.yaml"]);
  await writeFile(home.join("other/compose.yaml"), service.replace("1s", "2s"));
  const compose = await findCompose();
  for (const folder of [`${repository.path}/apps/wiki`, home.join("front"), home.join("other")])
    await outputOf([compose, "up", "--detach"], { cwd: folder, env: { ...process.env, ...env } });
  const running = async () =>
    (await engine.docker.listContainers()).map(({ Id, State }) => `${Id} ${State}`).sort();
  const before = await running();

  const options = { cwd: repository.path, env };
  const names = ["-e", "home", "-n", "box"];
  const told = await runKeelson(["import", "--engine", ...names], options);
  expect(told.stderr).toBe("");
  expect(told.stdout).toContain("  front  1 container  taken over from apps/edge\n");
  expect(told.stdout).toContain(
    `  other  1 container  no folder here: ${home.join("other/compose.yaml")}\n    To take it over, put its folder into the repository and import again.\n`,
  );
  const imported = await runKeelson(["import", "--engine", "--write", "--json", ...names], options);
  const { agent, documents } = JSON.parse(imported.stdout);
  expect(agent).toEqual({
    allow: { adopt: ["front", "wiki"] },
    dataFolders: { wiki: `${repository.path}/apps/wiki` },
  });
  expect(documents["environments/home/environment.yaml"]).toBe(`name: home
discover:
  - { path: apps/*, project: folder }
instances:
  edge: { package: ./apps/edge, project: front, adopt: true }
  wiki: { package: ./apps/wiki, adopt: true }
`);

  await outputOf(["bash", "-c", "git add --all && git commit --quiet --message import"], {
    cwd: repository.path,
    env: gitEnvironment(),
  });
  const config = {
    environment: "home",
    node: "box",
    source: { url: repository.path },
    stateDir: home.join("state"),
    keyFile: home.join("node.key"),
    ...agent,
  };
  await writeFile(home.join("agent.yaml"), stringify(config));
  const applied = await runKeelson(["apply", "--config", home.join("agent.yaml")], options);
  expect(applied).toMatchObject({ exitCode: 0 });
  expect(applied.stdout).toContain("3 instances are as desired");
  // What ran goes on, and what did not run was begun.
  const after = await running();
  expect(after).toEqual(expect.arrayContaining(before));
  expect(after.length).toBe(before.length + 1);
});
