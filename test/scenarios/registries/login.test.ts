import { chmod } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeImages, sharedEngine, startHttpFront, startRegistry } from "../../support/index.ts";
import type { Registry } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched } from "../faults/outcome.ts";
import { findText } from "../footprint.ts";
import { hasError, isReady } from "../node-status.ts";
import { useNode, usePlatform } from "../platform.ts";
import type { Container, Platform, Round } from "../platform.ts";
import { type Logins, makeLogins } from "./logins.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
  side:
    image: IMAGES/side:1
  more:
    image: IMAGES/more:1
`;
const compose = "packages/web/compose.yaml";
const right = { username: "node-of-the-trial", password: "r1ght-passw0rd-of-the-registry" };
const wrong = { username: "node-of-the-trial", password: "wr0ng-passw0rd-of-the-registry" };
const pair = Buffer.from(`${right.username}:${right.password}`).toString("base64");
const words = [right.password, wrong.password, pair];

/** What the service `web` runs from now on. */
async function change(platform: Platform, image: string): Promise<void> {
  await platform.upgrade({
    [compose]: (text) => text.replace(/(?<= {2}web:\n {4}image: ).*/, image),
  });
}

describe("a registry that asks for a login", () => {
  let registry: Registry;
  let logins: Logins;
  const pulled: string[] = [];
  // After the platform's own, which removes the containers.
  afterAll(async () => {
    await removeImages(await sharedEngine(), pulled);
    await registry[Symbol.asyncDispose]();
  });
  const platform = usePlatform({ release });
  const rounds: Round[] = [];
  const reconcile = async () => {
    const round = await platform().reconcile({ env: logins.env });
    rounds.push(round);
    return round;
  };
  /** An image that only the registry has by this name. */
  const publish = async (tag: string) => {
    const { reference } = await registry.push(platform().docker, platform().image(tag));
    pulled.push(reference);
    return reference;
  };
  /** What `keelson doctor` finds about the registries. */
  const askDoctor = async () => {
    const args = ["doctor", "--json", "--config", platform().config];
    const { stdout } = await platform().keelson(args, { env: logins.env });
    for (const word of words) expect(stdout).not.toContain(word);
    const checks: { id: string; result: string; found: string; hint: string }[] = JSON.parse(stdout);
    return checks.find(({ id }) => id === "registries") ?? { result: "", found: "", hint: "" };
  };
  let before: Container[];
  let reference: string;

  beforeAll(async () => {
    registry = await startRegistry({ credentials: right });
    logins = await makeLogins(platform().folder);
    expectReady(await reconcile());
    before = await platform().containers();
    reference = await publish("side:1");
    await change(platform(), reference);
  });

  it("must be told to log in to, where there is no login, and leave what runs", async () => {
    const round = await platform().reconcile({ env: { DOCKER_CONFIG: dirname(logins.configFile) } });
    await expectUntouched(platform(), before);
    const says = `${logins.configFile} has no login for it`;
    expectFault(round, { code: "K3002", resource: `image:${reference}`, says });
    expect(round.output).toContain(`docker --config ${dirname(logins.configFile)} login ${registry.host}`);
  });

  it("must be told as whom it was asked, when the password is wrong", async () => {
    await platform().configure({ dockerConfig: logins.configFile });
    await logins.store(registry.host, wrong);
    const round = await reconcile();
    await expectUntouched(platform(), before);
    const says = `with the login from ${logins.configFile}`;
    expectFault(round, { code: "K3002", resource: `image:${reference}`, says });
    expect(round.output).not.toContain("has no login");
    const verdict = await askDoctor();
    expect(verdict).toMatchObject({ result: "failure", found: expect.stringContaining(says) });
    expect(verdict.found).toMatch(/unauthorized|no basic auth/);
    expect(verdict.hint).toContain(`login ${registry.host}`);
  });

  it("must not be asked with a file that others can change: nothing is done", async () => {
    await logins.store(registry.host, right);
    await chmod(logins.configFile, 0o666);
    const round = await platform().reconcile({ env: logins.env });
    await chmod(logins.configFile, 0o600);
    await expectUntouched(platform(), before);
    expect(round.output).toContain("K4016");
    expect(round.output).toContain(logins.configFile);
    expect(round.exitCode).toBe(1);
  });

  it("must give the same commit's image to the login of config.json", async () => {
    expectReady(await reconcile());
    expect(await platform().pageOf("web/web")).toBe("side 1\n");
    expect((await platform().container("web/web")).image).toBe(reference);
    expect(await askDoctor()).toMatchObject({
      result: "ok",
      found: `${registry.host} gives images with the login from ${logins.configFile}`,
    });
  });

  it("must give an image to the login of a program, which has renewed an expired one", async () => {
    await logins.keep(registry.host, [wrong, right]);
    await change(platform(), await publish("more:1"));
    expectReady(await reconcile());
    expect(await platform().pageOf("web/web")).toBe("more 1\n");
    const calls = (await logins.calls()).map((call) => call.split(" ").slice(0, 2));
    expect(calls).toEqual([
      ["get", registry.host],
      ["get", registry.host],
    ]);
    for (const call of await logins.calls()) expect(call).not.toMatch(/DOCKER_|KEELSON_/);
  });

  it("must say that a program is missing", async () => {
    await change(platform(), await publish("web:1"));
    const round = await platform().reconcile();
    rounds.push(round);
    expectFault(round, { code: "K3035", says: `${logins.program}, which keeps the login` });
    expect(await platform().pageOf("web/web")).toBe("more 1\n");
  });

  it("must give it to keelson apply too, by DOCKER_CONFIG", async () => {
    await logins.store(registry.host, right);
    const plain = await platform().configure(
      ({ dockerConfig, ...rest }) => (expect(dockerConfig).toBe(logins.configFile), rest),
      join(platform().folder, "plain.yaml"),
    );
    const env = { DOCKER_CONFIG: dirname(logins.configFile) };
    const { exitCode, stdout, stderr } = await platform().keelson(["apply", "--config", plain], { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await platform().pageOf("web/web")).toBe("web 1\n");
    for (const word of words) expect(stdout + stderr).not.toContain(word);
  });

  it("must find its password in nothing that the rounds left, even where the registry repeats it", async () => {
    const asked: string[] = [];
    await using hostile = await startHttpFront({
      answer: (request, response) => {
        const { authorization = "" } = request.headers;
        if (authorization !== "") asked.push(authorization);
        const [, said = ""] = authorization.split(" ");
        const message = `${said} ${Buffer.from(said, "base64").toString()}`;
        response.writeHead(401, {
          "www-authenticate": 'Basic realm="x"',
          "content-type": "application/json",
        });
        response.end(JSON.stringify({ errors: [{ code: "DENIED", message }] }));
      },
    });
    const host = `127.0.0.1:${hostile.port}`;
    await logins.store(host, right);
    await change(platform(), `${host}/app:1`);
    const round = await reconcile();
    expectFault(round, { code: "K3002", says: "with the login from" });
    expect(asked).toContain(`Basic ${pair}`);
    expect(round.output).toContain("denied: ***");
    const reports = JSON.stringify(await platform().report());
    for (const word of words) {
      for (const { output, status } of rounds) expect(output + JSON.stringify(status)).not.toContain(word);
      expect(reports).not.toContain(word);
      expect(await findText(platform().stateDir, word)).toEqual([]);
    }
  });
});

describe("an agent that stays", () => {
  let registry: Registry;
  let reference = "";
  afterAll(async () => {
    await removeImages(await sharedEngine(), [reference]);
    await registry[Symbol.asyncDispose]();
  });
  let logins: Logins;
  const node = useNode({
    release,
    prepare: async (platform) => {
      logins = await makeLogins(platform.folder);
      await platform.configure({ dockerConfig: logins.configFile });
    },
  });

  it("must pull as soon as somebody has logged in", async () => {
    registry = await startRegistry({ credentials: right });
    await node().untilReady();
    ({ reference } = await registry.push(node().docker, node().image("side:1")));
    await change(node(), reference);
    await node().agent.until("the refusal", async () => hasError(await node().status(), "K3034"));
    await logins.store(registry.host, right);
    await node().agent.until(
      "the image",
      async () => (await node().container("web/web")).image === reference && isReady(await node().status()),
    );
    expect(node().agent.triggers()).toContain(`${logins.configFile} changed`);
    for (const word of words) expect(node().agent.log()).not.toContain(word);
  });
});
