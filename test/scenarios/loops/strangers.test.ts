import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

import { outputOf, plainEnvironment } from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { useNode } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true }
  other: { image: "IMAGES/app:1", init: true }
`;

describe("a container that somebody made in the place of the agent's", () => {
  const node = useNode({ release });
  const areUp = async () => {
    const found = await node().containers();
    return found.length === 2 && found.every(({ state }) => state === "running");
  };
  const errors = async () => (await node().status()).errors;
  const operations = () => node().agent.count("operation-done", "operation-failed");

  beforeAll(async () => void (await node().settles("both", areUp)));

  /** Without any label: `docker run --name …`. Made beforehand, so that the agent is not the faster one. */
  async function runPlain(): Promise<string> {
    const { id, name } = await node().container("web/app");
    const made = await node().docker.createContainer({
      name: `plain-${name}`,
      Image: node().image("app:1"),
      HostConfig: { NetworkMode: "none", Init: true },
    });
    await made.start();
    await node().docker.getContainer(id).remove({ force: true });
    await made.rename({ name });
    return made.id;
  }

  /** With Compose's labels and none of Keelson's: `docker compose up` with a file of somebody's own. */
  async function runCompose(): Promise<string> {
    const file = join(node().folder, "plain.yaml");
    const image = node().image("app:1");
    await writeFile(file, `services: { app: { image: "${image}", init: true, network_mode: none } }\n`);
    const project = node().project("web");
    await outputOf(
      [await findCompose(), "-p", project, "-f", file, "up", "-d", "--force-recreate", "--pull", "never"],
      { env: plainEnvironment({ DOCKER_HOST: node().dockerHost }) },
    );
    return (await node().container("web/app")).id;
  }

  it.each([
    { by: "docker run", run: runPlain },
    { by: "docker compose up", run: runCompose },
  ])("must be reported and left alone, and not tried over and over ($by)", async ({ run }) => {
    const id = await run();
    await node().agent.until("the report", async () => (await errors())[0]?.code === "K3021");
    expect(await errors()).toMatchObject([{ resource: `service:${node().project("web")}/app` }]);
    const stranger = await node().docker.getContainer(id).inspect();

    await node().agent.until("a longer wait", async () => {
      const { retry, observedAt } = await node().status();
      if (retry === null || retry.attempt < 3) return false;
      return Date.parse(retry.nextAt) - Date.parse(observedAt) > 4_000;
    });
    const [rounds, done] = [node().agent.triggers().length, operations()];
    await node().stop("web/other");
    await node().agent.until("the other's repair", async () => {
      const { state } = await node().container("web/other");
      return state === "running";
    });
    await node().agent.until("the end of that round", () => operations() > done);
    // But for those whose time it was, which the stranger has to wait for.
    const asked = node()
      .agent.triggers()
      .slice(rounds)
      .filter((trigger) => !["heartbeat", "routine", "retry"].includes(trigger));
    expect(asked.length).toBeLessThanOrEqual(2);
    const { State, RestartCount } = await node().docker.getContainer(id).inspect();
    expect({ State, RestartCount }).toEqual({ State: stranger.State, RestartCount: stranger.RestartCount });
    expect(operations()).toBe(done + 1);

    await node().docker.getContainer(id).remove({ force: true });
    await node().settles("the node", areUp);
    expect(node().agent.triggers().slice(rounds)).toContain("containers changed");
    expect(await errors()).toEqual([]);
    expect(await node().pageOf("web/app")).toBe("app 1\n");
  });
});
