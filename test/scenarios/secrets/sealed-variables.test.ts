import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { beforeAll, describe, expect, it } from "vitest";

import { runAgent, uniqueName } from "../../support/index.ts";
import { compareContainers } from "../fates.ts";
import { findText } from "../footprint.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("s");
const folder = `apps/${name}-wiki`;
const wiki = `${name}-wiki`;

const compose = `services:
  app:
    image: "IMAGES/\${IMAGE}"
    init: true
    stop_grace_period: 1s
    network_mode: none
    environment:
      DB_PASSWORD: "\${DB_PASSWORD}"
      URL: "postgres://u:\${DB_PASSWORD}@db"
      TOKEN: "\${TOKEN}"
    env_file: [db.env.sops]
    labels: { title: "\${TITLE}" }
  other: { image: "IMAGES/wiki:1", init: true, stop_grace_period: 1s, network_mode: none }
`;
const allow = { secretEnvironment: ["DB_PASSWORD", "URL", "TOKEN", "SMTP_PASSWORD"] };

const files = {
  [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  ${wiki}: { package: ./${folder} }
  second: { package: ./${folder} }
policy: { allow: { ./${folder}: ${JSON.stringify(allow)} } }
`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  [`${folder}/compose.yaml`]: compose,
  [`${folder}/package.yaml`]: 'variables: { TOKEN: "{{ secrets.TOKEN }}" }\n',
};

const plainEnv = 'IMAGE=wiki:1\nTITLE=The wiki\nDB_PASSWORD="sealed $$ \\"password\\""\n';
const password = 'sealed $ "password"';

describe("a folder with encrypted files of variables, and secrets of its own", () => {
  const platform = usePlatform({ name, files });
  const path = (file: string) => join(platform().repository.path, file);
  const read = async (file: string) => readFile(path(file), "utf8");
  const identity = async () => (await runAgent(["identity", "--config", platform().config])).stdout.trim();
  const secrets = async (args: readonly string[], input = "") => {
    const ended = await platform().keelson(["secrets", ...args, "--config", platform().config], { input });
    if (ended.exitCode !== 0) throw new Error(ended.stderr);
    return ended;
  };
  const push = async (...changed: string[]) =>
    platform().push(
      Object.fromEntries(await Promise.all(changed.map(async (file) => [file, await read(file)] as const))),
    );
  /** Encrypts a text to the node, in the place of a file of the folder. */
  const seal = async (file: string, { text, only }: { text: string; only: string }) => {
    await writeFile(path(`${folder}/plain`), text);
    const output = path(`${folder}/${file}`);
    await platform().repository.git("rm", "--quiet", "--force", "--ignore-unmatch", `${folder}/${file}`);
    await secrets(["seal", path(`${folder}/plain`), "--only", only, "--output", output, "--folder", folder]);
    await platform().repository.git("clean", "--quiet", "--force", `${folder}/plain`);
    await push(`${folder}/${file}`);
  };
  const environmentOf = async (service: string) => {
    const { id } = await platform().container(service);
    const { Config } = await platform().docker.getContainer(id).inspect();
    return Object.fromEntries(
      Config.Env.map((entry) => [entry.split("=", 1)[0], entry.replace(/^[^=]*=/, "")]),
    );
  };
  const round = async (exitCode: number) => {
    const ended = await platform().reconcile();
    if (ended.exitCode !== exitCode) throw new Error(ended.output);
    return ended;
  };
  const sealedEnv = `${folder}/.env`;

  beforeAll(async () => {
    const node = `environments/${name}/nodes/n1.yaml`;
    await platform().push({ [node]: `name: n1\nkeys: { age: ${await identity()} }\n` });
    await seal(".env", { text: plainEnv, only: "DB_PASSWORD" });
    await seal("db.env.sops", { text: "SMTP_PASSWORD=smtp-password\nSMTP_PORT=25\n", only: "SMTP_PASSWORD" });
    await secrets(["set", "TOKEN", "--folder", folder], "token-of-the-folder");
    await secrets(["set", "TOKEN", "--instance", "second"], "token-of-second");
    await push(`${folder}/secrets.sops.yaml`, `environments/${name}/secrets/second.sops.yaml`);
    await round(0);
  });

  it("must give containers the values, and keep the plain ones plain", async () => {
    const common = {
      DB_PASSWORD: password,
      URL: `postgres://u:${password}@db`,
      SMTP_PASSWORD: "smtp-password",
      SMTP_PORT: "25",
    };
    expect(await environmentOf(`${wiki}/app`)).toMatchObject({ ...common, TOKEN: "token-of-the-folder" });
    expect(await environmentOf("second/app")).toMatchObject({ ...common, TOKEN: "token-of-second" });
    expect((await platform().container(`${wiki}/app`)).labels).toMatchObject({ title: "The wiki" });
    // A job that is run has the node's memory alone.
    const command = ["sh", "-c", 'echo "$SMTP_PASSWORD $TOKEN"'];
    const run = ["run", "--config", platform().config, "second", "app", ...command];
    expect(await platform().keelson(run)).toMatchObject({ stdout: "smtp-password token-of-second\n" });
  });

  it("must keep the values out of the state folder, labels, plan, log, status and repository", async () => {
    const said = [
      (await round(0)).output,
      JSON.stringify(await platform().report()),
      JSON.stringify((await platform().containers()).map(({ labels }) => labels)),
      (await platform().keelson(["plan", "--config", platform().config, "--from", "none"])).stdout,
      (await platform().keelson(["plan", "--config", platform().config])).stdout,
      (await platform().keelson(["render", "-n", "n1"])).stdout,
    ].join("\n");
    for (const value of ["sealed $", "smtp-password", "token-of-the-folder", "token-of-second"]) {
      expect(said).not.toContain(value);
      expect(await findText(platform().stateDir, value)).toEqual([]);
      expect(await findText(platform().repository.path, value)).toEqual([]);
    }
    expect(said).toContain("secret SMTP_PASSWORD in its environment");
  });

  it("must be checked without a key, and say from which file each secret comes", async () => {
    expect(await platform().keelson(["check"])).toMatchObject({ exitCode: 0 });
    expect((await secrets(["list"])).stdout).toContain(
      [
        `${sealedEnv}:DB_PASSWORD  in ${sealedEnv}`,
        `${folder}/db.env.sops:SMTP_PASSWORD  in ${folder}/db.env.sops`,
        `${wiki}.TOKEN  in ${folder}/secrets.sops.yaml`,
        `second.TOKEN  in environments/${name}/secrets/second.sops.yaml, over ${folder}/secrets.sops.yaml`,
      ]
        .toSorted()
        .join("\n"),
    );
    const get = await secrets(["get", `${sealedEnv}:DB_PASSWORD`, "--node"]);
    expect(get.stdout).toBe('"sealed $$ \\"password\\""');
  });

  it("must be told where a secret stands at a place that everybody reads", async () => {
    await platform().push({ [`${folder}/compose.yaml`]: compose.replace("${TITLE}", "${DB_PASSWORD}") });
    const check = await platform().keelson(["check"]);
    expect(check.stderr + check.stdout).toContain("error[K1304]");
    expect((await platform().reconcile()).output).toContain("K1304");
    await platform().push({ [`${folder}/compose.yaml`]: compose });
    await round(0);
  });

  it("must recreate what uses a value that was changed, and nothing for a variable of nobody", async () => {
    const before = await platform().containers();
    const text = "SMTP_PASSWORD=another-password\nSMTP_PORT=25\n";
    await seal("db.env.sops", { text, only: "SMTP_PASSWORD" });
    await round(0);
    expect(compareContainers(before, await platform().containers())).toEqual({
      [`${wiki}/app`]: "recreated",
      "second/app": "recreated",
    });
    expect(await environmentOf(`${wiki}/app`)).toMatchObject({ SMTP_PASSWORD: "another-password" });
    // The same values with another key of the file.
    const after = await platform().containers();
    await secrets(["rotate"]);
    await push(sealedEnv, `${folder}/db.env.sops`, `${folder}/secrets.sops.yaml`);
    expect((await round(0)).output).toContain("nothing to do");
    expect(compareContainers(after, await platform().containers())).toEqual({});
  });

  it.each([
    ["a variable in clear that was changed", "K1343", (text: string) => text.replace("The wiki", "A wiki")],
    ["a checksum of nothing", "K1343", (text: string) => text.replace(/(sops_mac=ENC\[.*data:)./, "$1A")],
    ["a checksum that was taken away", "K1344", (text: string) => text.replace(/^sops_mac=.*\n/m, "")],
  ])("must change nothing with %s", async (_what, code, change) => {
    const good = await read(sealedEnv);
    expect(change(good)).not.toBe(good);
    const before = await platform().containers();
    await platform().push({ [sealedEnv]: change(good) });
    expect((await round(1)).output).toContain(code);
    expect(compareContainers(before, await platform().containers())).toEqual({});
    await platform().push({ [sealedEnv]: good });
    await round(0);
  });

  it("must name the recipient that is missing, on the node and for whoever checks", async () => {
    const good = await read(sealedEnv);
    const own = await identity();
    const stranger = "age1qhn0vtgmq63a0ck6knjjjh4mkhmxdhvr0s3am2qq04x98pvlyqws70gzuq";
    await platform().push({ [sealedEnv]: good.replaceAll(own, stranger) });
    const check = await platform().keelson(["check"]);
    expect(check.stderr + check.stdout).toContain("error[K1342]");
    expect(check.stderr + check.stdout).toContain(own);
    const { output } = await round(1);
    expect(output).toContain(`K1342`);
    expect(output).toContain(`it is not encrypted to ${own}`);
    await platform().push({ [sealedEnv]: good });
    await round(0);
  });

  it("must not be opened with another key of the node", async () => {
    const before = await platform().containers();
    const { keyFile: nodeKey }: { keyFile: string } = parse(await readFile(platform().config, "utf8"));
    const keyFile = join(dirname(nodeKey), "age.key");
    const found = await readFile(keyFile, "utf8");
    await writeFile(keyFile, "AGE-SECRET-KEY-10XWEGM0LGWJQDPH8W8T38YDPRJ64SX4DQV7AM2HTFXD9W3WHEFNSTV2W8Y\n");
    expect((await round(1)).output).toContain("K1342");
    expect(compareContainers(before, await platform().containers())).toEqual({});
    await writeFile(keyFile, found);
    await round(0);
  });
});
