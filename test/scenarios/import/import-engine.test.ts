import { mkdir, rm, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import {
  buildImageArchive,
  loadImages,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  runKeelson,
  startEngine,
} from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { commitImport } from "./committed-import.ts";

const image = "keelson-test-import/engine:1";
const service = `    image: ${image}
    init: true
    stop_grace_period: 1s
`;

const joins = (network: string) =>
  `services:\n  app:\n${service}    networks: [${network}]\nnetworks: { ${network}: { external: true } }\n`;

const files = {
  "apps/web/compose.yaml": `services:\n  app:\n${service}    volumes: ["pages:/pages", "./data:/data"]\nvolumes: { pages: }\n`,
  "apps/pair/compose.yaml": `services:\n  first:\n${service}  second:\n${service}    restart: unless-stopped\n`,
  "apps/web/.gitignore": "data/\n",
  "apps/old/docker-compose.yml": `services:\n  app:\n${service}`,
  "apps/wide/compose.yaml": `services:\n  app:\n${service}    volumes: ["/:/host:ro"]\n`,
  "apps/proxy/compose.yaml": joins("edge"),
  "apps/site/compose.yaml": joins("edge"),
  "apps/one/compose.yaml": joins("later"),
  "apps/two/compose.yaml": joins("later"),
  "apps/three/compose.yaml": joins("alone"),
};

it(
  "keelson import --engine must have a true row for everything that runs",
  { timeout: 300_000 },
  async () => {
    await using engine = await startEngine();
    await using home = await makeTempFolder("keelson-import-");
    await using repository = await makeGitRepository();
    const { docker } = engine;
    const env = { DOCKER_HOST: engine.dockerHost };
    await loadImages(docker, [await buildImageArchive({ tag: image })]);
    await repository.write(files);
    await mkdir(home.join("gone"));
    await writeFile(home.join("gone/compose.yaml"), `services:\n  app:\n${service}`);
    await docker.createNetwork({ Name: "edge" });
    const compose = await findCompose();
    const run = async (folder: string, ...args: string[]) =>
      outputOf([compose, ...args], { cwd: folder, env: { ...process.env, ...env } });
    const at = (folder: string) => `${repository.path}/apps/${folder}`;
    for (const project of ["a", "b"]) await run(at("web"), "--project-name", project, "up", "--detach");
    for (const folder of ["pair", "proxy", "site", "wide"]) await run(at(folder), "up", "--detach");
    for (const name of ["pair-second-1", "wide-app-1"]) await docker.getContainer(name).stop();
    await run(at("pair"), "run", "--detach", "--name", "pair-once", "first");
    await run(home.join("gone"), "up", "--detach");
    await rm(home.join("gone"), { recursive: true });
    // As Compose 1.21 has made it: it did not write down where it ran.
    await docker.createNetwork({
      Name: "old_default",
      Driver: "bridge",
      Labels: { "com.docker.compose.project": "old", "com.docker.compose.network": "default" },
    });
    const old = await docker.createContainer({
      name: "old_app_1",
      Image: image,
      HostConfig: { Init: true, NetworkMode: "old_default" },
      NetworkingConfig: { EndpointsConfig: { old_default: { Aliases: ["app"] } } },
      StopTimeout: 1,
      Labels: {
        "com.docker.compose.project": "old",
        "com.docker.compose.service": "app",
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.version": "1.21.0",
        "com.docker.compose.config-hash": "0".repeat(64),
      },
    });
    await old.start();

    const options = { cwd: repository.path, env };
    const names = ["-e", "home", "-n", "box"];
    const told = await runKeelson(["import", "--engine", ...names], options);
    expect(told.stderr).toBe("");
    const part = told.stdout.slice(
      told.stdout.indexOf("On the engine:"),
      told.stdout.indexOf("\n\n10 projects"),
    );
    expect(part).toBe(`On the engine:
  a  1 container  taken over from apps/web as instance a
  b  1 container  taken over from apps/web as instance b
  gone  1 container  no folder here, and its files are not on this machine: ${home.join("gone/compose.yaml")}
    To take it over, write a Compose file of it in the repository; to remove it: docker compose --project-name gone down
  old  1 container  taken over from apps/old
    known by its name alone, since the engine tells no files
    old_app_1: named by Compose 1, and renamed as Compose 2 would when it is taken over
  pair  2 containers  taken over from apps/pair
    1 of 2 does not run: keelson apply starts what its Compose file wants to run
    pair-once: made by docker compose run, and left alone; docker rm removes what has ended
  proxy  1 container  taken over from apps/proxy
  site  1 container  taken over from apps/site
  wide  1 container  left alone: apps/wide is refused above
    1 of 1 does not run`);
    expect(told.stdout).toContain(`          instance b, since several projects run from this folder
          project: b is written down, since the folder would give another name
          1 service, 1 volume
`);

    const imported = await runKeelson(["import", "--engine", "--write", "--json", ...names], options);
    const { agent, documents, networks } = JSON.parse(imported.stdout);
    // What the engine has stays whose it is, and what nobody has is made, where several need it.
    expect(networks.map(({ name, because }: Record<string, string>) => `${name}: ${because}`)).toEqual([
      "alone: one joins it",
      "edge: it is there",
      "later: several join it",
    ]);
    expect(documents["environments/home/environment.yaml"]).toBe(`name: home
discover:
  - { path: apps/*, project: folder, except: [web, wide] }
instances:
  old: { package: ./apps/old, adopt: true }
  pair: { package: ./apps/pair, adopt: true }
  proxy: { package: ./apps/proxy, adopt: true }
  site: { package: ./apps/site, adopt: true }
  a: { package: ./apps/web, project: a, adopt: true }
  b: { package: ./apps/web, project: b, adopt: true }
networks:
  later:
policy:
  allow:
    ./apps/proxy: { networks: [edge] }
    ./apps/site: { networks: [edge] }
    ./apps/three: { networks: [alone] }
`);
    expect(agent.dataFolders).toEqual({ a: at("web"), b: at("web") });

    await docker.createNetwork({ Name: "alone" });
    const containers = async () => {
      const listed = await docker.listContainers({ all: true });
      return new Map(listed.map(({ Names: [name = ""], Id, State }) => [Id, `${name.slice(1)} ${State}`]));
    };
    const before = await containers();
    await commitImport(repository, { home, agent });
    const applied = await runKeelson(["apply", "--config", home.join("agent.yaml")], options);
    // Both projects run with one data folder; which of them is to have it, a person says.
    expect([...`${applied.stdout}${applied.stderr}`.matchAll(/K\d{4}/g)].map(([code]) => code)).toEqual([
      "K1435",
    ]);
    expect(applied.stdout).toContain("data of b and data of a would both be");

    // Each goes on with its id, and as the rows have said.
    const after = await containers();
    const started = new Map([["pair-second-1 exited", "pair-second-1 running"]]);
    for (const [id, was] of before) expect([id, after.get(id)]).toEqual([id, started.get(was) ?? was]);
    expect([...after.values()].filter((each) => ![...before.values()].includes(each)).sort()).toEqual([
      "one-app-1 running",
      "pair-second-1 running",
      "three-app-1 running",
      "two-app-1 running",
    ]);
    const again = await runKeelson(["import", "--engine", ...names], options);
    expect(again.stdout).toContain("  one  1 container  Keelson's already\n");
  },
);
