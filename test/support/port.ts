import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";

/** The port that a listening TCP server has. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no TCP port");
  return address.port;
}

/** A port of 127.0.0.1 that was free a moment ago, for programs that cannot tell which one they took. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
