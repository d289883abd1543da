import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

import { expect, it } from "vitest";

import { portOf } from "@keelson/test/support";
import { startDeadline } from "./deadline.ts";
import { GitHttpClient } from "./http-client.ts";
import type { GitHttpClientInput } from "./http-client.ts";

async function setUp(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${portOf(server)}/state.git`;
  return {
    url,
    open: (options: Partial<GitHttpClientInput> = {}) =>
      new GitHttpClient({
        url,
        login: null,
        deadline: startDeadline(60_000),
        idleTimeoutMs: 60_000,
        maxResponseBytes: 1_000,
        ...options,
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What an operation of isomorphic-git does with the client: one request, and its whole answer. */
async function ask(client: GitHttpClient, url: string): Promise<string> {
  const { body } = await client.request({ url: `${url}/git-upload-pack`, method: "POST" });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const result = { "content-type": "application/x-git-upload-pack-result" };

it("ends a connection that has gone silent before the deadline does", async () => {
  await using at = await setUp((_, response) => {
    response.writeHead(200, result);
    response.write("0008ha");
  });
  using client = at.open({ idleTimeoutMs: 100 });
  await expect(client.run(() => ask(client, at.url))).rejects.toMatchObject({
    code: "K2005",
    message: expect.stringContaining("for 100 ms"),
  });
  // Whatever the operation makes of a failure, it is thrown.
  await expect(client.run(() => ask(client, at.url).catch(() => "all is well"))).rejects.toMatchObject({
    code: "K2005",
  });
});

it("ends an answer that is larger than it may be", async () => {
  await using at = await setUp((_, response) => {
    response.writeHead(200, result);
    const send = () => {
      while (response.write("0008fine".repeat(10)));
      response.once("drain", send);
    };
    send();
  });
  using client = at.open();
  await expect(client.run(() => ask(client, at.url))).rejects.toMatchObject({ code: "K2007" });
});

it("keeps its connection, and asks again when the server had closed that meanwhile", async () => {
  const requests: number[] = [];
  await using at = await setUp((request, response) => {
    const { remotePort = 0 } = request.socket;
    if (requests.filter((port) => port === remotePort).length === 2) {
      request.socket.destroy();
      return;
    }
    requests.push(remotePort);
    response.writeHead(200, result).end("0008fine");
  });
  using client = at.open();
  for (let count = 0; count < 3; count++)
    expect(await client.run(() => ask(client, at.url))).toBe("0008fine");
  expect(new Set(requests).size).toBe(2);
  expect(requests[0]).toBe(requests[1]);
});

it("takes no compressed answer, which it did not ask for", async () => {
  await using at = await setUp((_, response) => {
    response.writeHead(200, { ...result, "content-encoding": "gzip" }).end("x");
  });
  using client = at.open();
  await expect(client.run(() => ask(client, at.url))).rejects.toMatchObject({ code: "K2009" });
});
