import { expect, it } from "vitest";

import { readPage, runConsole, shellEnvironment } from "../../documents/example.ts";
import {
  buildImageArchive,
  loadImages,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  startEngine,
} from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";

const image = "keelson-test-running/app:1";
const service = `services:
  app:
    image: ${image}
    init: true
    stop_grace_period: 1s
`;

const files = {
  "apps/dns/compose.yaml": `${service}    cap_add: [NET_ADMIN]\n`,
  "apps/wiki/compose.yaml": `${service}    volumes: ["pages:/pages"]\nvolumes: { pages: }\n`,
};

it("what the README shows to people who run Compose already must be so, word by word", async () => {
  const { blocks } = await readPage("README.md");
  const shown = blocks.filter(
    ({ language, attributes }) => language === "console" && "running" in attributes,
  );
  expect(shown.length).toBe(2);
  await using home = await makeTempFolder("keelson-home-");
  await using engine = await startEngine();
  await using forge = await makeGitRepository();
  await loadImages(engine.docker, [await buildImageArchive({ tag: image })]);
  await forge.commit({ files, message: "What we run" });
  const env = {
    ...(await shellEnvironment(home.path, { DOCKER_HOST: engine.dockerHost })),
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.${forge.path}.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://forge.example/us/fleet.git",
  };
  const compose = await findCompose();
  for (const name of ["dns", "wiki"]) {
    const folder = `${forge.path}/apps/${name}`;
    await outputOf([compose, "up", "--detach"], { cwd: folder, env: { ...process.env, ...env } });
  }
  const running = async () => (await engine.docker.listContainers()).map(({ Id }) => Id).sort();
  const before = await running();

  const findings: (string | null)[] = [];
  for (const block of shown)
    findings.push(await runConsole(block, { cwd: home.path, env, timeoutMs: 120_000 }));
  expect(findings).toEqual([null, null]);
  expect(await running()).toEqual(before);
});
