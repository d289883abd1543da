import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

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
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  let agent: StayingAgent;

  beforeAll(() => {
    agent = startStaying(platform().config);
  });
  afterAll(async () => agent[Symbol.asyncDispose]());

  const runs = async (name: string, image?: string) => {
    const found = (await platform().containers()).filter(({ service }) => `web/${service}` === name);
    const [only] = found;
    return (
      found.length === 1 && only?.state === "running" && (image === undefined || only.image.endsWith(image))
    );
  };

  it("must bring the node to the commit by itself", async () => {
    await agent.until("both services", async () => (await runs("web/web")) && runs("web/side"));
    expect(await platform().pageOf("web/web")).toBe("web 1\n");
  });

  it("must follow a push, and replace nothing but what it changes", async () => {
    const side = await platform().container("web/side");
    await platform().upgrade({
      "packages/web/compose.yaml": (text) => text.replace(platform().image("web:1"), "IMAGES/web:2"),
    });
    await agent.until("the new image", async () => runs("web/web", "web:2"));
    expect((await platform().container("web/side")).id).toBe(side.id);
  });

  it("must not ask Git, which may be slow, before it starts again what was stopped", async () => {
    const fetches = () =>
      platform().server.requests.filter(({ path }) => path.endsWith("info/refs?service=git-upload-pack"))
        .length;
    const ended = () => agent.events().filter((name) => name === "round-ended").length;
    await agent.until("rest", async () => {
      if (agent.events().at(-1) !== "round-ended") return false;
      const [looks, before] = [platform().server.requests.length, ended()];
      await waitFor(async () => platform().server.requests.length >= looks + 2, { what: "two looks" });
      return agent.events().at(-1) === "round-ended" && ended() === before;
    });
    const [asked, rounds] = [fetches(), ended()];
    const { id } = await platform().container("web/side");
    await platform().docker.getContainer(id).stop({ t: 0 });
    await agent.until("the round", async () => ended() > rounds && (await runs("web/side")));
    expect(fetches()).toBe(asked);
  });

  it("must start again what was stopped by hand, also while Git is away", async () => {
    const before = await platform().container("web/side");
    await platform().server.stop();
    await platform().docker.getContainer(before.id).stop({ t: 0 });
    await agent.until("the repair", async () => runs("web/side"));
    expect((await platform().container("web/side")).id).toBe(before.id);
    await platform().server.start();
  });

  it("must start no round while nothing changes", async () => {
    const rounds = () => agent.events().filter((name) => name === "round-began").length;
    // A round asks in its own way; when a few looks in a row asked for none, each was a single request.
    await agent.until("quiet", async () => {
      const [before, looks] = [rounds(), platform().server.requests.length];
      await waitFor(async () => platform().server.requests.length >= looks + 3, { what: "three looks" });
      const asked = platform().server.requests.slice(looks);
      return (
        rounds() === before &&
        asked.every(({ method, path }) => method === "POST" && path.endsWith("/git-upload-pack"))
      );
    });
    expect((await platform().containers()).map(({ state }) => state)).toEqual(["running", "running"]);
  });

  it("must stop at SIGTERM and leave everything running", async () => {
    const before = await platform().containers();
    expect(await agent.end("SIGTERM")).toBe(0);
    expect(await platform().containers()).toEqual(before);
  });
});
