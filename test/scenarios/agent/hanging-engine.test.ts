import { fork } from "node:child_process";
import { once } from "node:events";
import { type Server, type Socket, createServer } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { agentCommand, plainEnvironment, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", init: true }
`;

describe("an engine that takes connections and never answers", () => {
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  const sockets = new Set<Socket>();
  let engine: Server;

  beforeAll(async () => {
    const path = join(platform().folder, "hanging.sock");
    engine = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      socket.on("close", () => sockets.delete(socket));
    }).listen(path);
    await once(engine, "listening");
    await platform().configure({ dockerHost: `unix://${path}` });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    engine.close();
    await once(engine, "close");
  });
  const isAsked = () => sockets.size > 0;

  it("must not keep an agent from ending when it is asked to", async () => {
    await using agent = platform().startAgent();
    await agent.until("a question", isAsked);
    expect(await agent.end("SIGTERM")).toBe(0);
    // Its round ended by itself, once the engine had its time: nobody had to kill it.
    expect(agent.log()).toContain("K3001");
    expect(agent.log()).not.toContain("round-killed");
  });

  it("must not make a round look dead", async () => {
    const [, program = "", ...args] = agentCommand(["reconcile", "--config", platform().config]);
    const round = fork(program, args, {
      env: plainEnvironment(),
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const exited = once(round, "exit");
    try {
      const types: string[] = [];
      round.on("message", ({ type }: { type: string }) => types.push(type));
      await waitFor(() => types.includes("alive"), { what: "a sign of life" });
      expect({ isAsked: isAsked(), types }).toEqual({
        isAsked: true,
        types: expect.not.arrayContaining(["ended"]),
      });
    } finally {
      round.kill("SIGKILL");
      await exited;
    }
  });
});
