import { createServer, connect, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

import { makeTempFolder, sharedEngineHost } from "../../support/index.ts";
import { withNode } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true }
`;

/** An engine's socket on which nobody hears any event: each such connection is cut. Counts them. */
async function listenDeaf(path: string): Promise<AsyncDisposable & { readonly cuts: () => number }> {
  let cuts = 0;
  const sockets = new Set<Socket>();
  const engine = sharedEngineHost().replace("unix://", "");
  const server: Server = createServer((socket) => {
    const onward = connect(engine);
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => {});
      end.on("close", () => {
        socket.destroy();
        onward.destroy();
      });
    }
    socket.on("data", (chunk) => {
      const isForEvents = chunk.subarray(0, 64).toString("latin1").startsWith("GET /events");
      if (!isForEvents) onward.write(chunk);
      else {
        cuts++;
        socket.destroy();
      }
    });
    onward.pipe(socket);
  });
  server.listen(path);
  await once(server, "listening");
  return {
    cuts: () => cuts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

it("an agent that hears no event must repair within its interval, by what it sees", async () => {
  await using folder = await makeTempFolder("keelson-deaf-");
  const socket = join(folder.path, "engine.sock");
  await using deaf = await listenDeaf(socket);
  await withNode({ release, agent: { dockerHost: `unix://${socket}` } }, async (node) => {
    const isUp = async () => (await node.container("web/app")).state === "running";
    await node.settles("the service", isUp);
    const { id } = await node.container("web/app");
    const container = node.docker.getContainer(id);
    for (const act of [() => container.kill(), () => container.pause()]) {
      const rounds = node.agent.triggers().length;
      await act();
      await node.agent.until("the repair", isUp);
      // A look asked for it: the routine comes every ten minutes.
      expect(node.agent.triggers()[rounds]).toBe("containers changed");
      await node.settles("the service", isUp);
    }
    await container.remove({ force: true });
    await node.settles("another one", isUp);
    expect((await node.container("web/app")).id).not.toBe(id);
    expect(deaf.cuts()).toBeGreaterThan(0);
  });
});
