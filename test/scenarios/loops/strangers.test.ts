import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { outputOf, plainEnvironment } from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { usePlatform } from "../platform.ts";
import { type LookedAt, lookAt } from "./looked-at.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true }
  other: { image: "IMAGES/app:1", init: true }
`;

describe("a container that somebody made in the place of the agent's", () => {
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  let looked: LookedAt;
  const areUp = async () => {
    const found = await platform().containers();
    return found.length === 2 && found.every(({ state }) => state === "running");
  };
  const errors = async () => (await looked.status()).errors;
  const handle = async (name: string) =>
    platform().docker.getContainer((await platform().container(name)).id);

  beforeAll(async () => {
    looked = lookAt(platform());
    await looked.settles("both", areUp);
  });
  afterAll(async () => looked[Symbol.asyncDispose]());

  /** Without any label: `docker run --name …`. Made beforehand, so that the agent is not the faster one. */
  async function runPlain(): Promise<string> {
    const { id, name } = await platform().container("web/app");
    const made = await platform().docker.createContainer({
      name: `plain-${name}`,
      Image: platform().image("app:1"),
      HostConfig: { NetworkMode: "none", Init: true },
    });
    await made.start();
    await platform().docker.getContainer(id).remove({ force: true });
    await made.rename({ name });
    return made.id;
  }

  /** With Compose's labels and none of Keelson's: `docker compose up` with a file of somebody's own. */
  async function runCompose(): Promise<string> {
    const file = join(platform().folder, "plain.yaml");
    const image = platform().image("app:1");
    await writeFile(file, `services: { app: { image: "${image}", init: true, network_mode: none } }\n`);
    const project = platform().project("web");
    await outputOf(
      [await findCompose(), "-p", project, "-f", file, "up", "-d", "--force-recreate", "--pull", "never"],
      { env: plainEnvironment({ DOCKER_HOST: platform().dockerHost }) },
    );
    return (await platform().container("web/app")).id;
  }

  it.each([
    { by: "docker run", run: runPlain },
    { by: "docker compose up", run: runCompose },
  ])("must be reported and left alone, and not tried over and over ($by)", async ({ run }) => {
    const id = await run();
    await looked.agent().until("the report", async () => (await errors())[0]?.code === "K3021");
    expect(await errors()).toMatchObject([{ resource: `service:${platform().project("web")}/app` }]);
    const stranger = await platform().docker.getContainer(id).inspect();

    await looked.agent().until("a longer wait", async () => {
      const { retry, observedAt } = await looked.status();
      if (retry === null || retry.attempt < 3) return false;
      return Date.parse(retry.nextAt) - Date.parse(observedAt) > 4_000;
    });
    const [rounds, operations] = [looked.rounds(), looked.operations()];
    await (await handle("web/other")).stop({ t: 0 });
    await looked.agent().until("the other's repair", async () => {
      const { state } = await platform().container("web/other");
      return state === "running";
    });
    await looked.agent().until("the end of that round", () => looked.operations() > operations);
    expect(looked.rounds()).toBeLessThanOrEqual(rounds + 2);
    const { State, RestartCount } = await platform().docker.getContainer(id).inspect();
    expect({ State, RestartCount }).toEqual({ State: stranger.State, RestartCount: stranger.RestartCount });
    expect(looked.operations()).toBe(operations + 1);

    await platform().docker.getContainer(id).remove({ force: true });
    await looked.settles("the node", areUp);
    expect(looked.agent().log().slice(-6_000)).toContain("round: containers changed");
    expect(await errors()).toEqual([]);
    expect(await platform().pageOf("web/app")).toBe("app 1\n");
  });
});
