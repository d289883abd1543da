import { mkdir, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import {
  loadImages,
  buildImageArchive,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  runKeelson,
  startEngine,
} from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { commitImport, writeAgentConfig } from "./committed-import.ts";

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
  // What it includes is no project of its own, and both would have the one name.
  "apps/watch/compose.yaml": `include: [exporter/compose.yaml]\n${service}`,
  "apps/watch/exporter/compose.yaml": `services: { probe: { image: ${image}, init: true, stop_grace_period: 1s, container_name: keelson-test-import-probe } }\n`,
  "apps/shop/compose.yaml": `${service}    environment: { A: new }\n    volumes: ["./data:/data"]\n`,
  "apps/shop/.gitignore": "data/\n",
};

it("keelson import --engine must take over what runs from the folders, and drop nothing else", async () => {
  await using engine = await startEngine();
  await using home = await makeTempFolder("keelson-import-");
  await using repository = await makeGitRepository();
  const env = { DOCKER_HOST: engine.dockerHost };
  await loadImages(engine.docker, [await buildImageArchive({ tag: image })]);
  await repository.write(files);
  // One runs from the repository, one from a copy of its file, one from what that was before, and one has nothing to do with it.
  await mkdir(home.join("front"));
  await mkdir(home.join("other"));
  await mkdir(home.join("shop"));
  await writeFile(home.join("shop/compose.yaml"), `${service}    volumes: ["./data:/data"]\n`);
  await writeFile(home.join("front/compose.yaml"), files["apps/edge/compose.yaml"]);
  await writeFile(home.join("other/compose.yaml"), service.replace("1s", "2s"));
  const compose = await findCompose();
  for (const folder of [
    `${repository.path}/apps/wiki`,
    home.join("front"),
    home.join("other"),
    home.join("shop"),
  ])
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
  expect(told.stdout).toContain(
    `  shop  1 container  runs from ${home.join("shop/compose.yaml")}, whose contents differ from apps/shop here\n    If it is the same: add adopt: true to instance shop in environment.yaml, and shop to allow.adopt in agent.yaml, and dataFolders: { shop: ${home.join("shop")} }. keelson plan shows what differs.\n`,
  );
  expect(told.stdout).toContain("a part    apps/watch/exporter  of apps/watch, which includes it\n");
  expect(told.stdout).toContain("5 projects found, 5 imported, 0 refused.\n6 services in, 6 out;");
  const some = await runKeelson(["import", "--engine", ...names, "apps/wiki"], options);
  expect(some.stdout.slice(some.stdout.indexOf("On the engine:"), some.stdout.indexOf("\n\n1 project"))).toBe(
    "On the engine:\n  wiki  1 container  taken over from apps/wiki\n  front, other, shop: not asked for",
  );
  expect(told.stdout.slice(told.stdout.indexOf("Next:"))).toBe(`Next:
  keelson import -e home -n box --write
  write ~/agent.yaml: environment: home, node: box, source: { url: ${repository.path} }, a stateDir, and what you agree with above
  git add --all && git commit -m "Let Keelson run what is here"
  keelson plan --config ~/agent.yaml
  keelson apply --config ~/agent.yaml
`);
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

  await commitImport(repository, { home, agent });
  // Nobody has said that it is the same: the way to say so comes before the one that throws it away.
  const blocked = await runKeelson(["plan", "--config", home.join("agent.yaml")], options);
  expect(blocked.stdout).toContain(
    "To take it over as it is, add adopt: true to instance shop, and shop to allow.adopt in agent.yaml. If nobody needs it, remove it: docker rm -f shop-app-1",
  );
  const say = documents["environments/home/environment.yaml"].replace(
    "instances:\n",
    "instances:\n  shop: { package: ./apps/shop, adopt: true }\n",
  );
  await repository.commit({
    files: { "environments/home/environment.yaml": say },
    message: "It is the same",
  });
  agent.allow.adopt.push("shop");
  agent.dataFolders["shop"] = home.join("shop");
  await writeAgentConfig(repository, { home, agent });
  const applied = await runKeelson(["apply", "--config", home.join("agent.yaml")], options);
  expect(applied).toMatchObject({ exitCode: 0 });
  expect(applied.stdout).toContain("5 instances are as desired");
  // What ran goes on, what did not run was begun, and what differs was replaced.
  const after = await running();
  expect(after.filter((each) => before.includes(each)).length).toBe(before.length - 1);
  expect(after.length).toBe(before.length + 3);
  const again = await runKeelson(["import", "--engine", ...names], options);
  for (const name of ["front", "shop", "wiki"])
    expect(again.stdout).toContain(`  ${name}  1 container  Keelson's already\n`);
});
