import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

// Waiting for its health ends after 15 minutes, long after this test has given up.
const release = `
-- packages/web/package.yaml --
update: { trial: 15m }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
    healthcheck: { test: [CMD, test, -e, /nowhere], interval: 1s, timeout: 2s, retries: 1000 }
`;
const compose = "packages/web/compose.yaml";

describe("an agent that waits for the health of a service", () => {
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  let agent: StayingAgent;
  const web = async () => (await platform().containers()).find(({ service }) => service === "web");
  const isStarting = (image: string) => async () => {
    const found = await web();
    return found?.health === "starting" && found.image.endsWith(image);
  };

  beforeAll(() => {
    agent = startStaying(platform().config);
  });
  afterAll(async () => agent[Symbol.asyncDispose]());

  it("must go on with the commit that mends it, also in its first round", async () => {
    await agent.until("the wait", isStarting("web:1"));
    await platform().upgrade({ [compose]: (text) => text.replace("/nowhere", "/bin") });
    await agent.until("health", async () => (await web())?.health === "healthy");
    expect(agent.events()).toContain("newer-revision");
  });

  it("must do the same in a later round", async () => {
    const before = agent.events().filter((name) => name === "newer-revision").length;
    await platform().upgrade({
      [compose]: (text) => text.replace("/bin", "/nowhere").replace(/image: .*/, "image: IMAGES/web:2"),
    });
    await agent.until("the wait", isStarting("web:2"));
    await platform().upgrade({
      [compose]: (text) => text.replace("/nowhere", "/bin").replace(/image: .*/, "image: IMAGES/web:3"),
    });
    await agent.until("health", async () => {
      const found = await web();
      return found?.health === "healthy" && found.image.endsWith("web:3");
    });
    expect(agent.events().filter((name) => name === "newer-revision").length).toBe(before + 1);
  });

  it("must stop when it is told to, and leave what it waits for", async () => {
    await platform().upgrade({
      [compose]: (text) => text.replace("/bin", "/nowhere").replace(/image: .*/, "image: IMAGES/web:4"),
    });
    await agent.until("the wait", isStarting("web:4"));
    expect(await agent.end("SIGTERM")).toBe(0);
    expect(await web()).toMatchObject({ state: "running", health: "starting" });
  });
});
