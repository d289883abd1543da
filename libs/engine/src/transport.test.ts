import { waitFor } from "@keelson/test/support";
import { describe, expect, test } from "vitest";

import { watchContainers } from "./container-event.ts";
import { type Engine, connectEngine } from "./engine.ts";
import { createNetwork, removeNetwork } from "./network.ts";
import { observeImage } from "./observed-image.ts";
import { inspectContainer } from "./observed-container.ts";
import { inspectVolume } from "./observed-volume.ts";
import { pullImage } from "./image-pull.ts";
import { readContainerLog } from "./log-reader.ts";
import { openEnginePoll } from "./poll.ts";
import { askEngine } from "./request.ts";
import { operationOf, testLogins } from "./test-bench.ts";
import { type Listener, listen } from "./test-listener.ts";

const never = new AbortController().signal;

function contextOf(engine: Engine) {
  return {
    engine,
    environment: "lab",
    ownerOf: (id: string) => id,
    emitProgress: () => {},
    signal: never,
    composeBinary: "/nowhere",
    composeFileOf: () => "/nowhere",
    logins: testLogins("/nonexistent/config.json"),
    pullTimeoutMs: 10_000,
    longestStopMs: 60_000,
    lock: null,
    own: { has: () => true, add: () => {} },
  };
}

const network = { key: "n", name: "lab-core_n", digest: "d", definition: { driver: "bridge" } };

/** A request of each kind: by all methods, for an answer, a stream and a connection. */
const requests: [string, (engine: Engine) => Promise<unknown>][] = [
  [
    "a list",
    async (engine) => askEngine(engine, { what: "list", send: () => engine.docker.listContainers() }),
  ],
  ["an image", async (engine) => observeImage(engine, { reference: "web:1" })],
  ["a container", async (engine) => inspectContainer(engine, { id: "a" })],
  ["a volume", async (engine) => inspectVolume(engine, { name: "v" })],
  [
    "a network that is made",
    async (engine) =>
      createNetwork(
        contextOf(engine),
        operationOf("create-network", { instance: "core", project: "lab-core", network }),
      ),
  ],
  [
    "a network that is removed",
    async (engine) =>
      removeNetwork(contextOf(engine), operationOf("remove-network", { networkId: "n", members: [] })),
  ],
  ["a pull", async (engine) => pullImage(contextOf(engine), operationOf("pull-image", { image: "web:1" }))],
  [
    "a log",
    async (engine) =>
      readContainerLog(engine, {
        id: "a",
        shown: "a",
        follow: true,
        tail: "all",
        since: null,
        isTty: false,
        timestamps: false,
        after: null,
        signal: never,
        onLine: () => {},
      }),
  ],
  [
    "a command",
    async (engine) =>
      askEngine(engine, {
        what: "run",
        send: async () => engine.docker.getContainer("a").exec({ Cmd: ["true"] }),
      }),
  ],
  [
    "a command's connection",
    async (engine) =>
      askEngine(engine, {
        what: "run",
        send: async () => engine.docker.getExec("e").start({ hijack: true, stdin: true }),
      }),
  ],
];

describe("a redirect", () => {
  test.each(requests)("in answer to %s is K3015, and nothing is asked elsewhere", async (_what, send) => {
    await using other = await listen((_request, response) => response.end("[]"), "tcp");
    const places = [
      other.dockerHost.replace("tcp:", "http:"),
      "http://no-such-host.invalid",
      "//x",
      "ext::x",
      "",
    ];
    for (const statusCode of [301, 302, 307, 308]) {
      for (const place of places) {
        await using engine = await listen((_request, response) => {
          response.writeHead(statusCode, { location: `${place}/x` }).end("moved");
        });
        await expect(send(connectEngine({ dockerHost: engine.dockerHost }))).rejects.toMatchObject({
          code: "K3015",
          outcome: { kind: "stalled" },
          statusCode,
          cause: { message: `status ${statusCode}, to ${place}/x` },
        });
      }
    }
    expect(other.connections()).toBe(0);
  });

  test("in answer to the process that stays is K3015 too", async () => {
    await using other = await listen((_request, response) => response.end("[]"), "tcp");
    await using engine = await listen((_request, response) => {
      response.writeHead(301, { location: other.dockerHost.replace("tcp:", "http:") }).end();
    });
    const poll = openEnginePoll({ dockerHost: engine.dockerHost, timeoutMs: 5_000 });
    await expect(poll.list({ environment: "lab" })).rejects.toMatchObject({
      code: "K3015",
      transient: false,
    });
    const end = new Promise((onEnd) => {
      poll.watch({ environment: "lab", onEvent: () => {}, onEnd });
    });
    expect(await end).toMatchObject({ code: "K3015" });
    poll.close();
    expect(other.connections()).toBe(0);
  });
});

/** An engine that sends these heads and bytes on any question, and closes its connection in the middle. */
const breaking = async (head: string): Promise<Listener> =>
  listen(({ socket }) => {
    socket.write(head, () => setImmediate(() => socket.resetAndDestroy()));
  }, "tcp");

describe("a connection that breaks", () => {
  const heads = {
    "before its answer": "",
    "in the head of its answer": "HTTP/1.1 200 OK\r\nContent-",
    "in the middle of a length": 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Id":',
    "in the middle of a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{",
    "in the middle of a refusal": "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n{",
    "in the middle of a redirect": "HTTP/1.1 301 No\r\nLocation: /x\r\nContent-Length: 100\r\n\r\n{",
  };
  test.each(requests.flatMap(([what, send]) => Object.entries(heads).map((head) => ({ what, send, head }))))(
    "$head.0 for $what is an error, and ends no process",
    async ({ send, head: [, text] }) => {
      await using engine = await breaking(text);
      await expect(
        send(connectEngine({ dockerHost: engine.dockerHost, timeoutMs: 5_000 })),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^K30(01|09)$/) });
    },
  );

  test("while a command is talked to ends that, also when nobody reads", async () => {
    await using engine = await breaking(
      "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhi",
    );
    const { docker } = connectEngine({ dockerHost: engine.dockerHost });
    const connection = await docker.getExec("e").start({ hijack: true, stdin: true, abortSignal: never });
    const isOver = new Promise((resolve) => connection.once("close", resolve));
    connection.resume();
    await isOver;
    expect(engine.openConnections()).toBe(0);
  });

  test("while events come, wakes nobody and ends nothing", async () => {
    await using engine = await breaking("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n");
    using waker = watchContainers(connectEngine({ dockerHost: engine.dockerHost }), { labels: [] });
    await waitFor(() => engine.connections() > 0 && engine.openConnections() === 0, { what: "the end" });
    await expect(waker.next(10)).resolves.toBeUndefined();
  });

  test.each(requests)("to a host that is not there, for %s, is K3001", async (_what, send) => {
    const engine = connectEngine({ dockerHost: "tcp://no-such-host.invalid:2375", timeoutMs: 2_000 });
    await expect(send(engine)).rejects.toMatchObject({ code: "K3001" });
  });
});

describe("what is no answer of an engine", () => {
  test("another connection in place of one is K3009, and is closed", async () => {
    await using engine = await listen(({ socket }) =>
      socket.write("HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nbytes"),
    );
    const send = inspectContainer(connectEngine({ dockerHost: engine.dockerHost }), { id: "a" });
    await expect(send).rejects.toMatchObject({ code: "K3009" });
    await waitFor(() => engine.openConnections() === 0, { what: "the end of the connection" });
  });

  test.each([
    ["no object", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull"],
    ["no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<!D>"],
  ])("%s is K3009", async (_what, text) => {
    await using engine = await listen(({ socket }) => socket.write(text));
    const send = inspectContainer(connectEngine({ dockerHost: engine.dockerHost }), { id: "a" });
    await expect(send).rejects.toMatchObject({ code: "K3009" });
  });

  test("more than any engine says is K3009, and is not kept", async () => {
    await using engine = await listen((_request, response) => {
      const more = () => response.write(" ".repeat(1_000_000), () => setImmediate(more));
      more();
    });
    const send = inspectContainer(connectEngine({ dockerHost: engine.dockerHost }), { id: "a" });
    await expect(send).rejects.toMatchObject({ code: "K3009" });
    await waitFor(() => engine.openConnections() === 0, { what: "the end of the connection" });
  });
});

test("a login for a registry stands in its header, and in no path", async () => {
  const asked: unknown[] = [];
  await using listener = await listen((request, response) => {
    asked.push([request.url, request.headers["x-registry-auth"]]);
    response.end();
  });
  const engine = connectEngine({ dockerHost: listener.dockerHost });
  // Of each length modulo 3: the engine wants the padding.
  for (const username of ["u", "uu", "uuu"]) {
    const authconfig = { username, password: "???>>>" };
    await askEngine(engine, { what: "pull", send: async () => engine.docker.pull("a/b:1", { authconfig }) });
    const header = Buffer.from(JSON.stringify(authconfig)).toString("base64");
    const sent = ["/images/create?fromImage=a%2Fb&tag=1", header.replaceAll("+", "-").replaceAll("/", "_")];
    expect(asked.splice(0)).toEqual([sent]);
  }
});

describe("a name in a path", () => {
  const name = "a b/?#%2f&é\n";
  test.each<[string, (engine: Engine, of: string) => Promise<unknown>]>([
    ["containers", async (engine, id) => inspectContainer(engine, { id })],
    ["images", async (engine, reference) => observeImage(engine, { reference })],
    ["volumes", async (engine, volume) => inspectVolume(engine, { name: volume })],
    [
      "networks",
      async (engine, id) =>
        askEngine(engine, { what: "inspect", send: () => engine.docker.getNetwork(id).inspect() }),
    ],
    [
      "exec",
      async (engine, id) =>
        askEngine(engine, {
          what: "inspect",
          send: (abortSignal) => engine.docker.getExec(id).inspect({ abortSignal }),
        }),
    ],
  ])("of %s is one part of it, whatever is in it; what leads elsewhere is K3016", async (kind, send) => {
    const paths: (string | undefined)[] = [];
    await using listener = await listen((request, response) => {
      paths.push(request.url);
      response.writeHead(404).end();
    });
    const engine = connectEngine({ dockerHost: listener.dockerHost });
    await send(engine, name).catch(() => {});
    expect(paths.map((path) => path?.split("/").slice(1, 3))).toEqual([[kind, encodeURIComponent(name)]]);
    for (const bad of ["", ".", "..", "../x", "a/../b", "a//b", "../../127.0.0.1:19399/x", "/"]) {
      await expect(send(engine, bad)).rejects.toMatchObject({ code: "K3016", outcome: { kind: "stalled" } });
    }
    expect(paths).toHaveLength(1);
  });
});
