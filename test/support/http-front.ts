import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { portOf } from "./port.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface HttpRequest {
  readonly method: string;
  /** With the query, as sent. */
  readonly path: string;
}

/**
 * How the server answers from now on: at once, after `delayMs`, never (the connection stays open), with an error
 * status, or by closing the connection after `afterBytes` of the body.
 */
export type Behaviour =
  | { readonly kind: "normal" }
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "hang" }
  /** Only requests whose path has `path` in it fail, where that is said. */
  | { readonly kind: "fail"; readonly status: number; readonly path?: string }
  | { readonly kind: "cut"; readonly afterBytes: number };

export interface HttpFront extends AsyncDisposable {
  /** Stays the same over stop and start. */
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Every request so far, refused ones included. */
  readonly requests: HttpRequest[];
  setBehaviour(behaviour: Behaviour): void;
  /** Closes the port and every open connection: connecting is then refused. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  start(): Promise<void>;
}

export interface HttpFrontOptions {
  /** Answers what was not refused, delayed or left hanging. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  /** With them every request needs HTTP basic authentication. */
  readonly credentials?: Credentials | undefined;
}

/** Listens on a free port of 127.0.0.1 and can be told to misbehave as servers and networks do. */
export async function startHttpFront({ answer, credentials }: HttpFrontOptions): Promise<HttpFront> {
  const requests: HttpRequest[] = [];
  let behaviour: Behaviour = { kind: "normal" };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    requests.push({ method: request.method ?? "GET", path: request.url ?? "/" });
    if (behaviour.kind === "hang") return;
    if (behaviour.kind === "slow") await sleep(behaviour.delayMs);
    if (behaviour.kind === "fail" && (request.url ?? "").includes(behaviour.path ?? "")) {
      response.writeHead(behaviour.status).end();
      return;
    }
    if (behaviour.kind === "cut") cutAfter(behaviour.afterBytes, response);
    if (credentials !== undefined && !authorised(request, credentials)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
      return;
    }
    await answer(request, response);
  };

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  };

  let server = await listen(listener, 0);
  const port = portOf(server);
  const stop = async () => {
    await close(server);
  };
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    setBehaviour: (next) => {
      behaviour = next;
    },
    stop,
    start: async () => {
      if (!server.listening) server = await listen(listener, port);
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  port: number,
): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

function authorised(request: IncomingMessage, { username, password }: Credentials): boolean {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return request.headers.authorization === expected;
}

function cutAfter(afterBytes: number, response: ServerResponse): void {
  const write = response.write.bind(response);
  let leftBytes = afterBytes;
  const cutWrite = (chunk: Buffer) => {
    if (chunk.length < leftBytes) {
      leftBytes -= chunk.length;
      return write(chunk);
    }
    write(chunk.subarray(0, leftBytes), () => response.destroy());
    leftBytes = 0;
    return false;
  };
  Object.assign(response, { write: cutWrite });
}
