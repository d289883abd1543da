import { createServer, connect, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

import { makeTempFolder } from "../../support/index.ts";
import { withPlatform } from "../platform.ts";
import { lookAt } from "./looked-at.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true }
`;

/** An engine's socket on which nobody hears any event: each such connection is cut. Counts them. */
async function listenDeaf(path: string): Promise<AsyncDisposable & { readonly cuts: () => number }> {
  let cuts = 0;
  const sockets = new Set<Socket>();
  const engine = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "");
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
  await withPlatform(
    { release, agent: { interval: "1s", dockerHost: `unix://${socket}` } },
    async (platform) => {
      await using looked = lookAt(platform);
      const isUp = async () => (await platform.container("web/app")).state === "running";
      await looked.settles("the service", isUp);
      const { id } = await platform.container("web/app");
      const container = platform.docker.getContainer(id);
      for (const act of [() => container.stop({ t: 0 }), () => container.pause()]) {
        const asked = looked.asked();
        await act();
        await looked.agent().until("the repair", isUp);
        // The look that found it, one that it may just have missed, and those of the round.
        expect(looked.asked() - asked).toBeLessThanOrEqual(5);
        await looked.settles("the service", isUp);
      }
      await container.remove({ force: true });
      await looked.settles("another one", isUp);
      expect((await platform.container("web/app")).id).not.toBe(id);
      expect(deaf.cuts()).toBeGreaterThan(0);
    },
  );
});
