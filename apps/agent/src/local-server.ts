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
  /** False when the socket's file was removed or replaced. */
  isReachable: () => Promise<boolean>;
  close: () => Promise<void>;
}

/** How long a request may take to arrive, and how many are answered at once. Local readers are few and quick. */
const limits = {
  requestTimeout: 3_000,
  headersTimeout: 3_000,
  keepAliveTimeout: 3_000,
  // Node enforces the first two limits at this interval; its default is 30 s.
  connectionsCheckingInterval: 1_000,
};
const maxConnections = 32;
const probeTimeoutMs = 5_000;

/**
 * Answers HTTP at an address of this machine. Replaces the socket file of a process that is gone. Throws when a living
 * process answers there, and the system's error when it cannot listen.
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
  // It is made under another name and renamed, so that the old file is replaced in one step by one with the right
  // permissions. Node removes the first name when it closes, so it never removes the socket of a process that came later.
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
 * Makes the socket with its permissions. To change them afterwards would not be safe: the folder may be another user's, who
 * could put a link in its place, and the permissions of the link's target would change.
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
  server.on("error", () => {}); // of one connection that could not be accepted; its client asks again
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Throws when there is a file that is no socket: it is not Keelson's, and is not replaced. */
async function answers(socket: string): Promise<boolean> {
  const found = await lstat(socket).catch(ignoreMissing);
  if (found === null) return false;
  if (!found.isSocket()) throw new Error("the file there is no socket");
  const connection = connect(socket).setTimeout(probeTimeoutMs);
  try {
    // A process that hangs still lives, and keeps its socket.
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
