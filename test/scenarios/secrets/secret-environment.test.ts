import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

import { endProcess, runAgent, waitFor } from "../../support/index.ts";
import { makeComposeProgram } from "../compose-program.ts";
import { compareContainers } from "../fates.ts";
import { findText } from "../footprint.ts";
import { usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- release.yaml --
secrets: { dbPassword: {}, token: {} }
-- packages/web/package.yaml --
variables: { PW: "{{ secrets.dbPassword }}" }
files: [{ template: app.env.liquid, to: conf/app.env }]
services: { backup: { schedule: "0 3 1 1 *" } }
-- packages/web/app.env.liquid --
TOKEN={{ secrets.token }}
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", environment: { DB_PASSWORD: "\${PW}", URL: "postgres://u:\${PW}@db" } }
  worker: { image: "IMAGES/app:1", env_file: conf/app.env, environment: { PLAIN: "$$x" } }
  other: { image: "IMAGES/app:1", volumes: ["kept:/kept"] }
  backup:
    image: IMAGES/app:1
    command: [sh, -c, 'printf %s "$$DB_PASSWORD" > /kept/value; printf %s "$$DB_PASSWORD"']
    environment: { DB_PASSWORD: "\${PW}" }
    volumes: ["kept:/kept"]
volumes: { kept: {} }
`;
/** What a shell, a dotenv file, YAML and Compose would each read as something else. */
const password = "p'a\"ss $HOME ${X} $$ `id` # é\n\tsecond=line\\n";
const values = { dbPassword: password, token: "token-of-the-worker" };
const web = { web: { package: "app/web" } };
const allow = { "app/web": { secretEnvironment: ["DB_PASSWORD", "URL", "TOKEN"] } };

describe("a secret in an environment", () => {
  const platform = usePlatform({
    release,
    secrets: { app: values },
    environment: { policy: { requireDigests: false, allow } },
  });
  const keelson = async (command: string, ...args: readonly string[]) =>
    platform().keelson([command, "--config", platform().config, ...args]);
  const environmentOf = async (name: string) => {
    const { id } = await platform().container(name);
    const { Config } = await platform().docker.getContainer(id).inspect();
    const split = (entry: string) => [entry.split("=", 1)[0] ?? "", entry.replace(/^[^=]*=/, "")] as const;
    return Object.fromEntries(Config.Env.map(split));
  };
  const writeSecrets = async (secrets: typeof values) =>
    writeFile(platform().secretsFile, JSON.stringify({ app: secrets }));
  const expectNowhere = async (value: string, ...said: readonly string[]) => {
    expect(await findText(platform().stateDir, value)).toEqual([]);
    const labels = (await platform().containers()).map((each) => each.labels);
    const published = await platform().report();
    expect(said.join("\n") + JSON.stringify([labels, published])).not.toContain(value);
  };
  let first: Awaited<ReturnType<typeof keelson>>;
  beforeAll(async () => {
    first = await keelson("plan");
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must reach the container byte for byte, and nothing else that is kept or said", async () => {
    expect(await environmentOf("web/app")).toMatchObject({
      DB_PASSWORD: password,
      URL: `postgres://u:${password}@db`,
    });
    expect(await environmentOf("web/worker")).toMatchObject({ TOKEN: values.token, PLAIN: "$x" });
    expect(Object.keys(await environmentOf("web/other"))).not.toContain("DB_PASSWORD");
    const round = await platform().reconcile();
    expect(round.output).toContain("nothing to do");
    for (const value of ["second=line", values.token])
      await expectNowhere(value, round.output, JSON.stringify(round.status));
  });

  it("must be shown by its name in the plan that begins to use it, and be counted from then on", async () => {
    expect(first.stdout).toContain(
      "web/app     secret DB_PASSWORD in its environment: whoever has the engine can read it",
    );
    const { stdout, stderr } = await keelson("plan");
    expect(stdout).toContain("4 grants as before: keelson audit --grants");
    expect(first.stdout + first.stderr + stdout + stderr).not.toContain("second=line");
  });

  it("must recreate exactly the services that use it when it was changed", async () => {
    const before = await platform().containers();
    await writeSecrets({ ...values, token: "another-token" });
    const plan = await keelson("plan");
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "web/worker": "recreated" });
    expect(await environmentOf("web/worker")).toMatchObject({ TOKEN: "another-token" });
    await expectNowhere("another-token", plan.stdout, round.output);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must reach jobs that are run, by hand and by their schedule", async () => {
    const keptValue = async () => platform().exec("web/other", "cat", "/kept/value");
    expect(await keelson("run", "web", "backup")).toMatchObject({
      stderr: "",
      stdout: password,
      exitCode: 0,
    });
    expect(await keptValue()).toBe(password);
    await platform().exec("web/other", "rm", "/kept/value");
    const job = `${platform().project("web")}/backup`;
    const due = ["run-job", "--config", platform().config, "--job", job, "--due", String(Date.now())];
    const run = await runAgent(due);
    expect(await keptValue()).toBe(password);
    await expectNowhere("second=line", run.stdout, run.stderr);
  });

  it("must be hidden where Compose or the engine say it", async () => {
    const program = await makeComposeProgram(
      platform().folder,
      'case " $* " in *" up "*) env >&2; exit 1;; esac',
    );
    await writeSecrets({ ...values, token: "token-that-is-told" });
    const round = await platform().reconcile({ env: { KEELSON_COMPOSE: program } });
    expect(round.output).toContain("K3008");
    expect(round.output).toContain("KEELSON_SECRET_app__token=***");
    await expectNowhere("token-that-is-told", round.output, JSON.stringify(round.status));
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it("must not be lost when all is killed while Compose has it", async () => {
    await writeSecrets({ ...values, dbPassword: "password-of-the-crash" });
    const pidFile = join(platform().folder, "compose.pid");
    const program = await makeComposeProgram(
      platform().folder,
      `case " $* " in *" up "*) echo $$ > '${pidFile}'; exec sleep 1000;; esac`,
    );
    const agent = platform().startRound({ env: { KEELSON_COMPOSE: program } });
    const compose = await waitFor(async () => Number(await readFile(pidFile, "utf8")), {
      what: "Compose to be at its work",
    });
    const argv = await readFile(`/proc/${compose}/cmdline`, "utf8");
    await agent.kill();
    await endProcess(compose);
    await expectNowhere("password-of-the-crash", argv);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await environmentOf("web/app")).toMatchObject({ DB_PASSWORD: "password-of-the-crash" });
    await expectNowhere("password-of-the-crash");
  });

  it("must be refused where no line permits it, and change nothing", async () => {
    const before = await platform().containers();
    const narrow = { "app/web": { secretEnvironment: ["DB_PASSWORD", "TOKEN"] } };
    await platform().push(wantInstances(platform(), web, { policy: { allow: narrow } }));
    const check = await platform().keelson(["check"]);
    expect(check).toMatchObject({ exitCode: 1 });
    expect(check.stderr + check.stdout).toContain("error[K1423]");
    expect(check.stderr + check.stdout).toContain(
      "policy: { allow: { app/web: { secretEnvironment: [URL] } } }",
    );
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(compareContainers(before, await platform().containers())).toEqual({});
  });
});
