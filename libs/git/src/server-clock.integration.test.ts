import { once } from "node:events";
import { createServer } from "node:http";

import { portOf, startGitServer } from "@keelson/test/support";
import { describe, expect, it } from "vitest";

import { compareServerClock } from "./server-clock.ts";

/** A server that refuses everybody and has this date. */
async function startServer(date: string | null) {
  const server = createServer((_, response) => {
    response.sendDate = false;
    if (date !== null) response.setHeader("date", date);
    response.writeHead(401).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${portOf(server)}/state.git`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("compareServerClock", () => {
  it.each([-3_600_000, 0, 90_000])("must see a server that is %i ms behind, without a login", async (ms) => {
    await using server = await startServer(new Date(Date.now() - ms).toUTCString());
    const ahead = await compareServerClock({ url: server.url, timeoutMs: 60_000 });
    expect(Math.abs((ahead ?? NaN) - ms)).toBeLessThan(40_000);
  });

  it("must know nothing without a date, or of what is not asked over HTTP", async () => {
    await using server = await startServer(null);
    expect(await compareServerClock({ url: server.url, timeoutMs: 60_000 })).toBeNull();
    expect(await compareServerClock({ url: "/srv/state.git", timeoutMs: 60_000 })).toBeNull();
  });

  it("must end when the server is away or hangs", async () => {
    await using server = await startGitServer();
    const url = server.url("state");
    server.setBehaviour({ kind: "hang" });
    await expect(compareServerClock({ url, timeoutMs: 200 })).rejects.toMatchObject({ code: "K2005" });
    await server.stop();
    await expect(compareServerClock({ url, timeoutMs: 60_000 })).rejects.toMatchObject({ code: "K2001" });
  });
});
