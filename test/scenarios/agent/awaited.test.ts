import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";

import { beforeAll, describe, expect, it } from "vitest";

import { buildImageArchive, findFreePort, loadImages, removeImages } from "../../support/index.ts";
import { startForeign } from "../faults/foreign-container.ts";
import { isReady } from "../node-status.ts";
import { useNode } from "../platform.ts";
import { composeFile } from "../releases.ts";

const release = `
-- release.yaml --
secrets: { token: {} }
-- settings.schema.json --
{
  "type": "object",
  "properties": { "port": { "type": "integer", "x-override": ["node"] } }
}
-- packages/web/package.yaml --
variables: { PORT: "{{ settings.port }}" }
files: [{ template: token.liquid, to: sealed/token, onChange: recreate }]
-- packages/web/token.liquid --
{{ secrets.token }}
-- ${composeFile} --
services:
  web:
    image: IMAGES/web:1
    ports: ["127.0.0.1:\${PORT}:8080"]
    init: true
    stop_grace_period: 1s
    secrets: [token]
secrets: { token: { file: ./sealed/token } }
`;

describe("what a failed round could not do without", () => {
  const token = "app: { token: t0ken }\n";
  const node = useNode({
    release,
    nodes: { n1: { settings: { app: { port: 0 } } } },
    secrets: { app: { token: "t0ken" } },
    // A status that has to be published begins a round, too.
    agent: { report: { as: "none" } },
  });
  const waits = (from: number) =>
    [
      ...node()
        .agent.log()
        .slice(from)
        .matchAll(/next round in (\d+) s \(retry\)/g),
    ].map(([, seconds]) => Number(seconds));
  /** Comes when nothing but what happens now can trigger a round soon. */
  const untilLongWait = async (from: number) =>
    node().agent.until("a long back-off", () => (waits(from).at(-1) ?? 0) > 10);
  const triggerOf = async (round: number) => {
    await node().agent.until("another round", () => node().agent.triggers().length > round);
    return node().agent.triggers()[round];
  };
  /** Fails, and returns why the first round after `arrive` began, once the node is ready. */
  const findTrigger = async (fail: () => Promise<unknown>, arrive: () => Promise<unknown>) => {
    const from = node().agent.log().length;
    await fail();
    await untilLongWait(from);
    const rounds = node().agent.triggers().length;
    await arrive();
    const trigger = await triggerOf(rounds);
    await node().agent.until("readiness", async () => isReady(await node().status()));
    return trigger;
  };
  const usePort = async (port: number) =>
    node().push({ [node().paths.node]: `name: n1\nsettings: { app: { port: ${port} } }\n` });

  beforeAll(async () => {
    await usePort(await findFreePort());
    await node().untilReady();
  });

  it("must trigger a round when it is a port that another program lets go of", async () => {
    const port = await findFreePort();
    const program = createServer().listen(port, "127.0.0.1");
    await once(program, "listening");
    const close = async () => {
      program.close();
      await once(program, "close");
    };
    expect(await findTrigger(async () => usePort(port), close)).toBe(`port ${port}/tcp is free`);
    expect((await node().status()).operation?.trigger).toBe(`port ${port}/tcp is free`);
  });

  it("must trigger a round when it is a port that a foreign container lets go of", async () => {
    const port = await findFreePort();
    // Its name shows no relation to the environment.
    const id = await startForeign(node(), { name: "neighbour", image: "web:1", port });
    const holder = node().docker.getContainer(id);
    await holder.rename({ name: `port-of-${node().environment}` });
    const trigger = await findTrigger(
      async () => usePort(port),
      async () => holder.remove({ force: true }),
    );
    expect(trigger).toBe(`port ${port}/tcp is free`);
  });

  it("must trigger a round when it is an image that somebody loads", async () => {
    const image = node().image("absent:1");
    const change = { [composeFile]: (text: string) => text.replace(node().image("web:1"), image) };
    const trigger = await findTrigger(
      async () => node().upgrade(change),
      async () =>
        loadImages(node().docker, [await buildImageArchive({ tag: image, command: ["sleep", "1000"] })]),
    );
    expect(trigger).toBe(`image ${image} is there`);
    await node().repository.git("revert", "--no-edit", "HEAD");
    await node().repository.push();
    await node().agent.until("the image before", async () =>
      (await node().container("web/web")).image.endsWith("web:1"),
    );
    await removeImages(node().docker, [image]);
  });

  it("must trigger a round when it is the name of a network that is gone", async () => {
    const name = `${node().project("web")}_more`;
    const network = await node().docker.createNetwork({ Name: name });
    const change = {
      [composeFile]: (text: string) =>
        `${text.replace("    init: true", "    init: true\n    networks: [default, more]")}networks: { more: {} }\n`,
    };
    const trigger = await findTrigger(
      async () => node().upgrade(change),
      async () => network.remove(),
    );
    expect(trigger).toBe(`network ${name} is gone`);
  });

  it("must trigger a round when it is a secret that is set", async () => {
    await writeFile(node().secretsFile, "app: {}\n");
    await node().agent.until("the missing secret", async () =>
      (await node().status()).errors.some(({ code }) => code === "K5002"),
    );
    const from = node().agent.log().length;
    await writeFile(node().secretsFile, token);
    await node().untilReady();
    expect(node().agent.log().slice(from)).toContain(`round: ${node().secretsFile} changed`);
  });

  it("must begin the back-off anew when a person asks for a round", async () => {
    const from = node().agent.log().length;
    const absent = node().image("absent:2");
    await node().upgrade({ [composeFile]: (text) => text.replace(node().image("web:1"), absent) });
    await untilLongWait(from);
    const asked = node().agent.log().length;
    const { exitCode } = await node().keelson(["sync", "--config", node().config]);
    expect(exitCode).toBe(1);
    await node().agent.until("two waits", () => waits(asked).length > 1);
    expect(waits(asked).slice(0, 2)).toEqual([2, 4]);
    await node().repository.git("revert", "--no-edit", "HEAD");
    await node().repository.push();
    await node().untilReady();
  });
});
