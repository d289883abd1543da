import { describe, expect, it } from "vitest";

import { useNode } from "../platform.ts";
import { composeFile } from "../releases.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"], interval: 1s, timeout: 2s, retries: 20 }
  side:
    image: IMAGES/side:1
    init: true
    stop_grace_period: 1s
`;

describe("keelson-agent run", () => {
  const node = useNode({ release });
  const runs = async (name: string, image?: string) => {
    const found = (await node().containers()).filter(({ service }) => `web/${service}` === name);
    const [only] = found;
    return (
      found.length === 1 && only?.state === "running" && (image === undefined || only.image.endsWith(image))
    );
  };

  it("must bring the node to the commit by itself", async () => {
    await node().agent.until("both services", async () => (await runs("web/web")) && runs("web/side"));
    expect(await node().pageOf("web/web")).toBe("web 1\n");
  });

  it("must follow a push, and replace nothing but what it changes", async () => {
    const side = await node().container("web/side");
    await node().upgrade({
      [composeFile]: (text) => text.replace(node().image("web:1"), "IMAGES/web:2"),
    });
    await node().agent.until("the new image", async () => runs("web/web", "web:2"));
    expect((await node().container("web/side")).id).toBe(side.id);
  });

  it("must not ask Git, which may be slow, before it starts again what was stopped", async () => {
    const fetches = () =>
      node().server.requests.filter(({ path }) => path.endsWith("info/refs?service=git-upload-pack")).length;
    const ended = () => node().agent.count("round-ended");
    await node().rests();
    const [asked, rounds] = [fetches(), ended()];
    await node().stop("web/side");
    await node().agent.until("the round", async () => ended() > rounds && (await runs("web/side")));
    expect(fetches()).toBe(asked);
  });

  it("must start again what was stopped by hand, also while Git is away", async () => {
    await node().server.stop();
    const before = await node().stop("web/side");
    await node().agent.until("the repair", async () => runs("web/side"));
    expect((await node().container("web/side")).id).toBe(before.id);
    await node().server.start();
  });

  it("must start no round while nothing changes", async () => {
    // A round asks in its own way; when a few looks in a row asked for none, each was a single request.
    await node().agent.until("looks alone", async () => {
      await node().rests();
      const [rounds, requests] = [node().agent.count("round-began"), node().server.requests.length];
      await node().looks(3);
      const asked = node().server.requests.slice(requests);
      return (
        node().agent.count("round-began") === rounds &&
        asked.every(({ method, path }) => method === "POST" && path.endsWith("/git-upload-pack"))
      );
    });
    expect((await node().containers()).map(({ state }) => state)).toEqual(["running", "running"]);
  });

  it("must stop at SIGTERM and leave everything running", async () => {
    const before = await node().containers();
    expect(await node().agent.end("SIGTERM")).toBe(0);
    expect(await node().containers()).toEqual(before);
  });
});
