import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { newWebhookSender } from "./notification-sender.ts";

/** Answers with a status code, and then with bytes for as long as somebody takes them. */
function startEndlessWebhook() {
  let sent = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(Number(request.url?.slice(1)));
    const chunk = Buffer.alloc(16 * 1024, "x");
    const send = () => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on("drain", send);
    send();
  });
  return { server, sent: () => sent };
}

describe("a webhook whose answer never ends", () => {
  let webhook: ReturnType<typeof startEndlessWebhook>;
  beforeEach(async () => {
    webhook = startEndlessWebhook();
    await new Promise<void>((resolve) => webhook.server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    webhook.server.closeAllConnections();
    webhook.server.close();
  });
  const send = async (status: number) => {
    // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
    const { port } = webhook.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/${status}`;
    await newWebhookSender({ url, authorization: null, isUnreadable: false })(
      "{}",
      AbortSignal.timeout(60_000),
    );
  };

  it("must be believed by its status code, and not be read to its end", async () => {
    await send(200);
    await expect(send(500)).rejects.toThrow("answered with 500");
    // What is on its way fills the buffers of two sockets.
    expect(webhook.sent()).toBeLessThan(64 * 1024 * 1024);
  });
});
