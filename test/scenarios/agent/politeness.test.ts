import { describe, expect, it } from "vitest";

import { useNode } from "../platform.ts";
import { composeFile } from "../releases.ts";

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

describe("an agent that waits for the health of a service", () => {
  const node = useNode({ release });
  const web = async () => (await node().containers()).find(({ service }) => service === "web");
  const isStarting = (image: string) => async () => {
    const found = await web();
    return found?.health === "starting" && found.image.endsWith(image);
  };

  it("must go on with the commit that mends it, also in its first round", async () => {
    await node().agent.until("the wait", isStarting("web:1"));
    await node().upgrade({ [composeFile]: (text) => text.replace("/nowhere", "/bin") });
    await node().agent.until("health", async () => (await web())?.health === "healthy");
    expect(node().agent.count("newer-revision")).toBe(1);
  });

  it("must do the same in a later round", async () => {
    await node().rests();
    const before = node().agent.count("newer-revision");
    await node().upgrade({
      [composeFile]: (text) => text.replace("/bin", "/nowhere").replace(/image: .*/, "image: IMAGES/web:2"),
    });
    await node().agent.until("the wait", isStarting("web:2"));
    await node().upgrade({
      [composeFile]: (text) => text.replace("/nowhere", "/bin").replace(/image: .*/, "image: IMAGES/web:3"),
    });
    await node().agent.until("health", async () => {
      const found = await web();
      return found?.health === "healthy" && found.image.endsWith("web:3");
    });
    expect(node().agent.count("newer-revision")).toBe(before + 1);
  });

  it("must stop when it is told to, and leave what it waits for", async () => {
    await node().upgrade({
      [composeFile]: (text) => text.replace("/bin", "/nowhere").replace(/image: .*/, "image: IMAGES/web:4"),
    });
    await node().agent.until("the wait", isStarting("web:4"));
    expect(await node().agent.end("SIGTERM")).toBe(0);
    expect(await web()).toMatchObject({ state: "running", health: "starting" });
  });
});
