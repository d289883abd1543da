import { readFile, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";
import { stringify } from "yaml";

import {
  buildImageArchive,
  loadImages,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  runAgent,
  runKeelson,
  startEngine,
} from "../../support/index.ts";
import { gitEnvironment } from "../../support/git-repository.ts";
import { findCompose } from "../compose-program.ts";

const image = "keelson-test-import-sealed/app:1";
const service = (more: string) =>
  `services:\n  app:\n    image: ${image}\n    init: true\n    stop_grace_period: 1s\n${more}`;

const dotenv = `# The wiki's own.
TITLE=The wiki
DB_PASSWORD="pa$$ss #1"

#OLD_PASSWORD=before
API_TOKEN='token of the wiki'
`;

const files = {
  "apps/wiki/compose.yaml": service(
    '    environment: { TITLE: "$TITLE", PW: "${DB_PASSWORD}", URL: "x://u:${DB_PASSWORD}@db" }\n    env_file: .env\n',
  ),
  "apps/wiki/.env": dotenv,
  "apps/mail/compose.yaml": service("    env_file: [./mail.env]\n"),
  "apps/mail/mail.env": "SMTP_PASSWORD=mail-password\nSMTP_HOST=mx\n",
  // Everybody can read a label: such a secret cannot be one.
  "apps/edge/compose.yaml": service('    labels: { auth: "$EDGE_PASSWORD" }\n'),
  "apps/edge/.env": "EDGE_PASSWORD=edge-password\n",
};

it("keelson import --seal must encrypt what runs on with the same values", async () => {
  await using engine = await startEngine();
  await using home = await makeTempFolder("keelson-import-");
  await using repository = await makeGitRepository();
  const env = { DOCKER_HOST: engine.dockerHost };
  await loadImages(engine.docker, [await buildImageArchive({ tag: image })]);
  await repository.write(files);
  const git = async (line: string) =>
    outputOf(["bash", "-c", line], { cwd: repository.path, env: gitEnvironment() });
  await git("git add --all && git commit --quiet --message folders");
  const compose = await findCompose();
  for (const folder of ["wiki", "mail", "edge"])
    await outputOf([compose, "up", "--detach"], {
      cwd: `${repository.path}/apps/${folder}`,
      env: { ...process.env, ...env },
    });
  const running = async () =>
    (await engine.docker.listContainers()).map(({ Id, State }) => `${Id} ${State}`).sort();
  const before = await running();

  const config = home.join("agent.yaml");
  const agentOf = async (more: object) =>
    writeFile(
      config,
      stringify({
        environment: "home",
        node: "box",
        source: { url: repository.path },
        stateDir: home.join("state"),
        keyFile: home.join("node.key"),
        ...more,
      }),
    );
  await agentOf({});
  const options = { cwd: repository.path, env };
  const call = ["import", "--engine", "-e", "home", "-n", "box", "--config", config, "--seal"];
  expect(await runKeelson(call, options)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("K9090"),
  });
  const recipient = (await runAgent(["identity", "--config", config])).stdout.trim();

  // Without --write nothing is changed.
  const told = await runKeelson(call, options);
  expect([told.exitCode, told.stderr]).toEqual([0, ""]);
  expect(told.stdout).toContain("\nTo be encrypted where they stand:\n  apps/mail/mail.env  SMTP_PASSWORD\n");
  expect(await readFile(`${repository.path}/apps/wiki/.env`, "utf8")).toBe(dotenv);

  const made = await runKeelson([...call, "--write"], options);
  expect([made.exitCode, made.stderr]).toEqual([0, ""]);
  expect(made.stdout).toContain("  apps/wiki/.env  DB_PASSWORD, API_TOKEN\n");
  expect(made.stdout).toContain("stay in Git's history");
  expect(made.stdout).toContain(
    "Left in plain text:\n  apps/edge/.env  EDGE_PASSWORD: the variable EDGE_PASSWORD",
  );
  const sealed = await readFile(`${repository.path}/apps/wiki/.env`, "utf8");
  expect(sealed).toContain("# The wiki's own.\nTITLE=The wiki\nDB_PASSWORD=ENC[");
  expect(sealed).not.toMatch(/pa\$|before|token of/);
  expect(await readFile(`${repository.path}/environments/home/nodes/box.yaml`, "utf8")).toBe(
    `name: box\nkeys: { age: ${recipient} }\n`,
  );
  expect(await readFile(`${repository.path}/environments/home/environment.yaml`, "utf8")).toContain(
    "./apps/wiki: { secretEnvironment: [API_TOKEN, DB_PASSWORD, PW, URL] }",
  );
  expect(await runKeelson(["check"], options)).toMatchObject({ exitCode: 0 });

  await git("git add --all && git commit --quiet --message import");
  await agentOf({ allow: { adopt: ["edge", "mail", "wiki"] } });
  const plan = await runKeelson(["plan", "--config", config], options);
  expect(plan.stdout).toMatch(/adopt .*wiki .*takes over 1 container.*0 restarts/);
  const applied = await runKeelson(["apply", "--config", config], options);
  expect(applied).toMatchObject({ exitCode: 0 });
  expect(await running()).toEqual(before);
  expect(plan.stdout + applied.stdout + applied.stderr).not.toMatch(/pa\$|token of|mail-password/);
});
