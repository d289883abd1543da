import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { claimName } from "./claim.ts";
import { codeOf } from "./foreign-error.ts";

/** The port that a listening TCP server has. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no TCP port");
  return address.port;
}

/** Below the range from which Linux gives ports of its own accord (ip_local_port_range in ip(7)). */
const ports = { first: 20_000, end: 32_000 };

/**
 * A free port of 127.0.0.1, for programs that cannot tell which one they took. Nobody else is given it: the system does
 * not take it for a connection, and no other test gets it for as long as this process lives.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports.first, ports.end);
    if ((await claimName(`port-${port}`)) !== undefined && (await isFree(port))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
