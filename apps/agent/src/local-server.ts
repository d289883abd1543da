import { once } from "node:events";
import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { type RequestListener, type Server, createServer } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";

/** A Unix socket with its permissions, or a port of the loopback address. */
export type LocalAddress =
  | {
      socket: string;
      mode: number;
      /** Makes its folder, for its owner only. */
      isFolderOwn?: boolean;
    }
  | { port: number };

export interface LocalServer {
  /** Still there: a socket's file may have been removed, or replaced. */
  isReachable: () => Promise<boolean>;
  close: () => Promise<void>;
}

/** What a request may take to arrive, and how many may be answered at once: local readers are few and quick. */
const limits = {
  requestTimeout: 3_000,
  headersTimeout: 3_000,
  keepAliveTimeout: 3_000,
  // Without it Node enforces the first two every 30 s only.
  connectionsCheckingInterval: 1_000,
};
const maxConnections = 32;
const probeTimeoutMs = 5_000;

/**
 * Answers HTTP at an address of this machine. The socket file of a process that is gone is replaced; throws when a
 * living one answers there, and what the system says when it cannot listen.
 */
export async function openLocalServer(at: LocalAddress, answer: RequestListener): Promise<LocalServer> {
  const server = Object.assign(createServer(limits, answer), { maxConnections });
  if ("port" in at) {
    server.listen({ host: "127.0.0.1", port: at.port });
    await untilListening(server);
    return { isReachable: async () => true, close: async () => close(server) };
  }
  const { socket, mode, isFolderOwn = false } = at;
  if (isFolderOwn) await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  if (await answers(socket)) throw new Error("another process answers there");
  // Under another name first: its permissions are right, and the old file is replaced, in one step. Closing then
  // removes that name only, and never the socket of a process that came later.
  const made = `${socket}.${process.pid}`;
  await rm(made, { force: true });
  makeSocket(server, { path: made, mode });
  await untilListening(server);
  try {
    await rename(made, socket);
  } catch (error) {
    await close(server);
    throw error;
  }
  const { ino } = await lstat(socket);
  const isOurs = async () => (await inodeOf(socket)) === ino;
  return {
    isReachable: isOurs,
    close: async () => {
      if (await isOurs()) await rm(socket, { force: true });
      await close(server);
    },
  };
}

/**
 * It is made with its permissions. The folder may be another user's, who could put a link in its place: to change them
 * afterwards would change those of what the link leads to.
 */
function makeSocket(server: Server, { path, mode }: { path: string; mode: number }): void {
  const before = process.umask(0o777 & ~mode);
  try {
    server.listen({ path });
  } finally {
    process.umask(before);
  }
}

async function untilListening(server: Server): Promise<void> {
  await once(server, "listening"); // throws the server's error
  server.on("error", () => {}); // a connection that could not be accepted is its own loss
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Throws when something else than a socket is there: it is not ours to replace. */
async function answers(socket: string): Promise<boolean> {
  const found = await lstat(socket).catch(ignoreMissing);
  if (found === null) return false;
  if (!found.isSocket()) throw new Error("there is something else than a socket");
  const connection = connect(socket).setTimeout(probeTimeoutMs);
  try {
    // One that hangs lives.
    await Promise.race([once(connection, "connect"), once(connection, "timeout")]);
    return true;
  } catch (error) {
    if (codeOf(error) === "ECONNREFUSED" || codeOf(error) === "ENOENT") return false;
    throw error;
  } finally {
    connection.destroy();
  }
}

async function inodeOf(path: string): Promise<number | null> {
  return (await lstat(path).catch(ignoreMissing))?.ino ?? null;
}

function ignoreMissing(error: unknown): null {
  if (codeOf(error) === "ENOENT") return null;
  throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
