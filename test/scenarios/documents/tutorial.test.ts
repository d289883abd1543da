import { existsSync } from "node:fs";

import { expect, it } from "vitest";

import { readPage, shellEnvironment } from "../../documents/example.ts";
import { checkout, findFreePort, findLeftovers, makeTempFolder, startEngine } from "../../support/index.ts";
import { endAgent, walkPage } from "./page-walk.ts";

it("the tutorial must answer what it shows, word by word, and leave nothing", async () => {
  const page = await readPage("docs/tutorial.md");
  await using home = await makeTempFolder("keelson-home-");
  await using engine = await startEngine();
  await using stack = new AsyncDisposableStack();
  const folder = home.join("keelson-tutorial");
  stack.defer(async () => endAgent(`${folder}/agent.pid`));
  const env = await shellEnvironment(home.path, { DOCKER_HOST: engine.dockerHost });

  const inPlaceOf = { 8091: String(await findFreePort()) };
  expect(await walkPage(page, { env, cwd: checkout, folder, inPlaceOf })).toBeNull();

  expect(await findLeftovers(engine.docker, "home-")).toEqual({
    containers: [],
    networks: [],
    volumes: [],
  });
  expect(await engine.docker.listImages()).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});
