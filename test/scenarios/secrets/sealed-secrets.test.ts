import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { beforeAll, describe, expect, it } from "vitest";

import { runAgent } from "../../support/index.ts";
import { compareContainers } from "../fates.ts";
import { findText } from "../footprint.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- release.yaml --
secrets: { dbPassword: {}, token: {} }
-- packages/web/package.yaml --
variables: { PW: "{{ secrets.dbPassword }}" }
files: [{ template: token.liquid, to: conf/token }]
-- packages/web/token.liquid --
{{ secrets.token }}
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", environment: { DB_PASSWORD: "\${PW}" } }
  worker: { image: "IMAGES/app:1", volumes: ["./conf/token:/etc/token:ro"] }
  other: { image: "IMAGES/app:1", command: [sh, -c, "echo $$DB_PASSWORD; exit 0"], environment: { DB_PASSWORD: "\${PW}" } }
`;
const policy = { requireDigests: false, allow: { "app/web": { secretEnvironment: ["DB_PASSWORD"] } } };

describe("secrets that an environment has in Git", () => {
  const platform = usePlatform({ release, secrets: {}, environment: { policy } });
  const sealedFile = () => `environments/${platform().environment}/secrets.sops.yaml`;
  const secrets = async (args: readonly string[], input = "") =>
    platform().keelson(["secrets", ...args], { input });
  const set = async (name: string, value: string) => {
    const ended = await secrets(["set", name, "--config", platform().config], value);
    if (ended.exitCode !== 0) throw new Error(ended.stderr);
    await push();
  };
  const readSealed = async () => readFile(join(platform().repository.path, sealedFile()), "utf8");
  const push = async () => platform().push({ [sealedFile()]: await readSealed() });
  const identity = async () => (await runAgent(["identity", "--config", platform().config])).stdout.trim();
  const writeNode = (age: string) => ({
    [platform().paths.node]: stringify({ name: platform().node, keys: { age } }),
  });

  beforeAll(async () => {
    await platform().push(writeNode(await identity()));
    await set("app.dbPassword", "sealed-password\n");
    await set("app.token", 'sealed $"token');
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must reach files, environments and runs of jobs, and nothing else on the disk or in a word", async () => {
    expect(await platform().exec("web/app", "sh", "-c", 'echo "$DB_PASSWORD"')).toBe("sealed-password\n");
    expect(await platform().exec("web/worker", "cat", "/etc/token")).toBe('sealed $"token\n');
    const run = await platform().keelson(["run", "--config", platform().config, "web", "other"]);
    expect(run.stdout).toBe("sealed-password\n");
    const logs = await platform().keelson(["logs", "--config", platform().config, "web", "other"]);
    expect(logs.stdout).toContain("***");
    const round = await platform().reconcile();
    expect(round.output).toContain("nothing to do");
    expect(round.output + JSON.stringify(await platform().report()) + logs.stdout).not.toContain(
      "sealed-password",
    );
    expect(await findText(platform().stateDir, "sealed-password")).toEqual([]);
    expect(await findText(platform().repository.path, "sealed-password")).toEqual([]);
    expect((await platform().keelson(["check"])).exitCode).toBe(0);
  });

  it("must tell the node's recipient in its status and be listed without values", async () => {
    const recipient = await identity();
    expect((await platform().status()).node.age).toBe(recipient);
    const list = await secrets(["list"]);
    const file = sealedFile();
    expect(list.stdout).toBe(
      `app.dbPassword  in ${file}\napp.token  in ${file}\n${file}\n  node ${platform().node}  opens it\n`,
    );
    const get = await secrets(["get", "app.token", "--node", "--config", platform().config]);
    expect(get.stdout).toBe('sealed $"token');
  });

  it("must recreate what uses a value that was changed, and nothing for another encryption of the same", async () => {
    const before = await platform().containers();
    const rotated = await secrets(["rotate", "--config", platform().config]);
    expect(rotated.exitCode).toBe(0);
    await push();
    expect((await platform().reconcile()).output).toContain("nothing to do");
    await set("app.dbPassword", "another-password");
    expect((await platform().reconcile()).exitCode).toBe(0);
    const changed = compareContainers(before, await platform().containers());
    expect(changed["web/app"]).toBe("recreated");
    expect(changed["web/worker"]).toBeUndefined();
    expect(await platform().exec("web/app", "sh", "-c", 'echo "$DB_PASSWORD"')).toBe("another-password\n");
  });

  it("must give way to the node's own secrets file", async () => {
    await writeFile(platform().secretsFile, "app: { dbPassword: of-the-node }\n");
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().exec("web/app", "sh", "-c", 'echo "$DB_PASSWORD"')).toBe("of-the-node\n");
    await writeFile(platform().secretsFile, "{}\n");
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it.each([
    ["a value that was moved to another key", "K1343", moveValue],
    ["a value in clear", "K1344", (text: string) => text.replace(/token: ENC\[.*/, "token: mine")],
    ["a value that was taken away", "K1343", (text: string) => text.replace(/\n *token: ENC\[.*/, "")],
  ])("must change nothing with %s", async (_what, code, change) => {
    const good = await readSealed();
    const before = await platform().containers();
    await platform().push({ [sealedFile()]: change(good) });
    const round = await platform().reconcile();
    expect(round.output).toContain(code);
    expect(round.exitCode).toBe(1);
    expect(compareContainers(before, await platform().containers())).toEqual({});
    await platform().push({ [sealedFile()]: good });
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it("must name the recipient that is missing, on the node and for whoever checks the repository", async () => {
    const stranger = "age1qhn0vtgmq63a0ck6knjjjh4mkhmxdhvr0s3am2qq04x98pvlyqws70gzuq";
    const own = await identity();
    const good = await readSealed();
    await platform().push(writeNode(stranger));
    const check = await platform().keelson(["check"]);
    expect(check.stderr + check.stdout).toContain("error[K1342]");
    expect(check.stderr + check.stdout).toContain(stranger);
    await secrets(["rotate", "--config", platform().config]);
    await push();
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(1);
    expect(round.output).toContain("K1342");
    expect(round.output).toContain(`it is not encrypted to ${own}`);
    await platform().push({ ...writeNode(own), [sealedFile()]: good });
    expect((await platform().reconcile()).exitCode).toBe(0);
  });
});

function moveValue(text: string): string {
  const [, value = ""] = /dbPassword: (ENC\[.*\])/.exec(text) ?? [];
  return text.replace(/token: ENC\[.*/, `token: ${value}`);
}
