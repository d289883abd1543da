import { type RequestListener, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { makeTempFolder } from "@keelson/test/support";

export interface Listener extends AsyncDisposable {
  readonly dockerHost: string;
  /** How many connections were made to it. */
  connections(): number;
  /** How many of them are open. */
  openConnections(): number;
  closeConnections(): void;
}

/** Something that listens where an engine is expected and behaves as a broken one. */
export async function listen(
  answer: RequestListener,
  transport: "unix" | "tcp" | "tcp6" = "unix",
): Promise<Listener> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  let connections = 0;
  let openConnections = 0;
  const server = createServer(answer).on("connection", (socket) => {
    connections++;
    openConnections++;
    socket.on("close", () => openConnections--);
  });
  const socketPath = folder.join("s");
  const host = transport === "tcp" ? "127.0.0.1" : "::1";
  await new Promise<void>((resolve) => {
    if (transport === "unix") server.listen(socketPath, resolve);
    else server.listen(0, host, resolve);
  });
  stack.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port }: Partial<AddressInfo> = Object(server.address());
  const cleanUp = stack.move();
  return {
    dockerHost:
      transport === "unix"
        ? `unix://${socketPath}`
        : `tcp://${transport === "tcp" ? host : `[${host}]`}:${port}`,
    connections: () => connections,
    openConnections: () => openConnections,
    closeConnections: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
