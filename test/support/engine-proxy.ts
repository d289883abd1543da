import { type Socket, createConnection, createServer } from "node:net";
import { makeTempFolder } from "./temp-folder.ts";

export interface EngineProxy extends AsyncDisposable {
  /** `unix://…`, as DOCKER_HOST. */
  readonly dockerHost: string;
  /** Breaks the connections on which the engine tells its events. */
  cutEvents(): void;
  /** Whether events can be asked for from now on; otherwise each connection that asks for them breaks. */
  allowEvents(isAllowed: boolean): void;
  /** From now on, answers to requests like this do not arrive until others are named; null: all arrive. */
  holdBack(requests: RegExp | null): void;
  /** Writes on the connections on which the engine tells its events, as if it were the engine. */
  tell(text: string): void;
  /** Breaks all connections and takes no more: the engine is away. */
  stop(): Promise<void>;
}

/** An engine's socket between which and the engine's own a test can break what is said. `onRequest` gets the first line of each. */
export async function startEngineProxy(
  engineHost: string,
  onRequest: (line: string) => void = () => {},
): Promise<EngineProxy> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const { protocol, hostname: host, port, pathname: path } = new URL(engineHost);
  const address = protocol === "unix:" ? { path } : { host, port: Number(port) };
  const clients = new Set<Socket>();
  const events = new Set<Socket>();
  let isAllowed = true;
  let held: RegExp | null = null;
  const waiting = new Map<Socket, Socket>();
  const read = (client: Socket, { chunk, engine }: { chunk: Buffer; engine: Socket }) => {
    const line = /^[A-Z]+ \S+ HTTP/.exec(chunk.toString("latin1"))?.[0];
    if (line === undefined) return;
    onRequest(line);
    if (held?.test(line) === true) {
      engine.unpipe(client);
      waiting.set(client, engine);
    }
    if (!/^GET \S*\/events/.test(line)) return;
    events.add(client);
    if (!isAllowed) client.destroy();
  };
  const server = createServer((client) => {
    const engine = createConnection(address);
    clients.add(client);
    client.on("data", (chunk) => read(client, { chunk, engine }));
    client.pipe(engine).pipe(client);
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
    client.on("close", () => [clients, events].map((each) => each.delete(client)));
  });
  const socketPath = folder.join("s");
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const stop = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const client of clients) client.destroy();
    await closed;
  };
  stack.defer(stop);
  const cleanUp = stack.move();
  return {
    dockerHost: `unix://${socketPath}`,
    cutEvents: () => {
      for (const client of events) client.destroy();
    },
    allowEvents: (next) => {
      isAllowed = next;
    },
    holdBack: (requests) => {
      held = requests;
      for (const [client, engine] of waiting) engine.pipe(client);
      waiting.clear();
    },
    tell: (text) => {
      for (const client of events) client.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
    },
    stop,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
