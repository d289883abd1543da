import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { agentCommand, plainEnvironment, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

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
  let agent: ChildProcess;
  let log = "";

  beforeAll(() => {
    const [file, ...args] = agentCommand(["run", "--config", platform().config]);
    agent = spawn(file, args, { env: plainEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [agent.stdout, agent.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        log += chunk;
      });
    }
  });
  afterAll(async () => {
    if (agent.exitCode === null && agent.signalCode === null) {
      agent.kill("SIGKILL");
      await once(agent, "close");
    }
  });

  const settled = async (what: string, check: () => Promise<boolean>) =>
    waitFor(
      async () =>
        (await check()) || Promise.reject(new Error(`not yet; the agent said\n${log.slice(-2000)}`)),
      {
        what,
        timeoutMs: 60_000,
      },
    );
  const runs = async (name: string, image?: string) => {
    const found = (await platform().containers()).filter(({ service }) => `web/${service}` === name);
    const [only] = found;
    return (
      found.length === 1 && only?.state === "running" && (image === undefined || only.image.endsWith(image))
    );
  };

  it("must bring the node to the commit by itself", async () => {
    await settled("both services", async () => (await runs("web/web")) && runs("web/side"));
    expect(await platform().pageOf("web/web")).toBe("web 1\n");
  });

  it("must follow a push, and replace nothing but what it changes", async () => {
    const side = await platform().container("web/side");
    await platform().upgrade({
      "packages/web/compose.yaml": (text) => text.replace(platform().image("web:1"), "IMAGES/web:2"),
    });
    await settled("the new image", async () => runs("web/web", "web:2"));
    expect((await platform().container("web/side")).id).toBe(side.id);
  });

  it("must start again what was stopped by hand, also while Git is away", async () => {
    const before = await platform().container("web/side");
    await platform().server.stop();
    await platform().docker.getContainer(before.id).stop({ t: 0 });
    await settled("the repair", async () => runs("web/side"));
    expect((await platform().container("web/side")).id).toBe(before.id);
    await platform().server.start();
  });

  it("must start no round while nothing changes", async () => {
    await settled("the round after Git came back", async () => /Git answers again/.test(log));
    const rounds = () => log.split("watch: round:").length;
    // A round asks in its own way; when a few looks in a row asked for none, each was a single request.
    await settled("quiet", async () => {
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
    agent.kill("SIGTERM");
    const [exitCode] = await once(agent, "close");
    expect(exitCode).toBe(0);
    expect(await platform().containers()).toEqual(before);
  });
});
