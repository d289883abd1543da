import { createServer } from "node:net";
import { once } from "node:events";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { type Registry, removeImages, sharedEngine, startRegistry } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched, rulesTerminal, whilePushed } from "../faults/outcome.ts";
import { type Container, usePlatform } from "../platform.ts";

const release = `
-- settings.schema.json --
{
  "type": "object",
  "additionalProperties": false,
  "properties": { "image": { "type": "string" } }
}
-- packages/web/package.yaml --
variables: { SIDE: "{{ settings.image }}" }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
  side:
    image: \${SIDE}
`;

/** Whoever is called by a name that is no name: it closes at once. */
async function listen() {
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    socket.on("error", () => {}).destroy();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port }: { port: number } = Object(server.address());
  return {
    host: `127.0.0.1:${port}`,
    calls: () => calls,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

const hostile: [string, (host: string) => string][] = [
  ["a path to another host", (host) => `../../${host}/x`],
  ["an encoded path to another host", (host) => `..%2f..%2f${host}/x`],
  ["a URL", (host) => `http://${host}/x`],
  ["an option", () => "--help"],
  ["lines", () => "web:1\nprivileged: true"],
  ["5,000 characters", () => "x".repeat(5_000)],
  ["a climbing path", () => "foo/../bar"],
  ["an empty part", (host) => `${host}//x`],
  ["upper case", () => "UPPER/x"],
  ["a short digest", () => "x@sha256:short"],
  ["a digest that engines do not know", () => `x@md5:${"0".repeat(32)}`],
  ["what rules a terminal", () => "x\u001b[2J\u202e:1"],
  ["the id of an image", () => "0".repeat(64)],
];

describe("an image that is no image reference", () => {
  let victim: Awaited<ReturnType<typeof listen>>;
  let registry: Registry;
  let pulled: string[] = [];
  afterAll(async () => {
    await removeImages(await sharedEngine(), pulled);
    await registry[Symbol.asyncDispose]();
    await victim[Symbol.asyncDispose]();
  });
  const platform = usePlatform({
    release,
    environment: { settings: { app: { image: "IMAGES/side:1" } } },
    agent: { timeouts: { pull: "1m" } },
  });
  let before: Container[];
  const file = "packages/web/compose.yaml";
  const withSetting = (image: string) => ({
    [platform().paths.environment]: (text: string) => {
      const document: object = parse(text);
      return stringify({ ...document, settings: { app: { image } } });
    },
  });

  beforeAll(async () => {
    [victim, registry] = [await listen(), await startRegistry()];
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it.each(hostile)(
    "by %s must be refused where it is put together, and be sent to nobody",
    async (_what, of) => {
      const look = async () => {
        const check = await platform().keelson(["check"]);
        expect(check.exitCode).toBe(1);
        expect(check.stdout + check.stderr).toContain("K1427");
        const round = await platform().reconcile();
        await expectUntouched(platform(), before);
        const at = `releases/app/1.0.0/${file}:5:5`;
        expectFault(round, { code: "K1427", resource: at });
        expect(round.output).not.toMatch(rulesTerminal);
        expect(round.output.length).toBeLessThan(5_000);
      };
      await whilePushed(platform(), { changes: withSetting(of(victim.host)), look });
      expect(victim.calls()).toBe(0);
    },
  );

  it.each(hostile)("by %s must be refused in the Compose file", async (_what, of) => {
    const image = JSON.stringify(of(victim.host)).replaceAll("\u001b", "\\e");
    const changes = {
      [`releases/app/1.0.0/${file}`]: (text: string) => text.replace("${SIDE}", () => image),
    };
    const look = async () => {
      const round = await platform().reconcile();
      await expectUntouched(platform(), before);
      const { errors } = round.status;
      expect(errors).toContainEqual(expect.objectContaining({ code: "K1427", outcome: "stalled" }));
      expect(errors.map(({ resource }) => resource)).toEqual([
        expect.stringMatching(`^releases/app/1.0.0/${file}:5:`),
      ]);
    };
    await whilePushed(platform(), { changes, look });
    expect(victim.calls()).toBe(0);
  });

  it.each([
    ["a host that is not there", () => "no-such-host.invalid/x:1"],
    ["a registry that closes at once", () => `${victim.host}/x:1`],
    ["a registry at an address of its own", () => "[::1]:9/x"],
    ["a port that no host has", () => "localhost:99999/x"],
  ])("by %s is one that cannot be had: the round ends with a status, and tells why", async (_what, of) => {
    const look = async () => {
      const round = await platform().reconcile();
      await expectUntouched(platform(), before);
      const [error] = round.status.errors;
      expect(error).toMatchObject({ resource: `image:${of()}`, code: expect.stringMatching(/^K300[23]$/) });
      expect(round.exitCode).toBe(1);
    };
    await whilePushed(platform(), { changes: withSetting(of()), look });
    expectReady(await platform().reconcile());
  });

  it("has twins that run: a name alone, one with parts and a tag, one with a registry, and one with a digest", async () => {
    const { docker } = platform();
    const name = `keelson-${platform().environment}`;
    const { reference, pinned } = await registry.push(docker, platform().image("side:1"));
    const [repo = "", digest = ""] = pinned.split("@");
    const twins = [name, `${name}/b.c__d-e:1.2.3-rc.1`, reference, pinned, `${repo}:1@${digest}`];
    pulled = twins;
    for (const twin of twins.slice(0, 2)) {
      const [repository = "", tag = "latest"] = twin.split(":");
      await docker.getImage(platform().image("side:1")).tag({ repo: repository, tag });
    }
    for (const twin of twins) {
      await platform().push(withSetting(twin));
      const round = await platform().reconcile();
      expectReady(round);
      expect(await platform().container("web/side")).toMatchObject({ image: twin, state: "running" });
    }
  });
});
