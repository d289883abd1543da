import { outputOf, waitFor } from "@keelson/test/support";
import { describe, expect, test } from "vitest";

import { type PolledEvent, openEnginePoll } from "./poll.ts";
import { type Listener, listen } from "./test-listener.ts";

const of = { environment: "lab" };

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

async function listOf({ dockerHost }: { dockerHost: string }, timeoutMs = 5_000) {
  const poll = openEnginePoll({ dockerHost, timeoutMs });
  try {
    return await poll.list(of);
  } finally {
    poll.close();
  }
}

/** Watches until the end; what came, and how it ended. */
function watch({ dockerHost }: { dockerHost: string }, timeoutMs = 5_000) {
  const poll = openEnginePoll({ dockerHost, timeoutMs });
  const events: PolledEvent[] = [];
  const ends: (Error | null)[] = [];
  const watch = poll.watch({
    ...of,
    onEvent: (event) => events.push(event),
    onEnd: (error) => ends.push(error),
  });
  const ended = () => waitFor(() => ends.length > 0, { what: "the watch to end" });
  return { poll, watch, events, ends, ended };
}

test("it loads node: modules and its own files, nothing else", async () => {
  const door = new URL("poll.ts", import.meta.url).href;
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const { openEnginePoll } = await import(${JSON.stringify(door)});
    const poll = openEnginePoll({ dockerHost: "unix:///nowhere/docker.sock", timeoutMs: 1000 });
    const list = await poll.list({ environment: "lab" }).catch((error) => error.code);
    const end = await new Promise((onEnd) => poll.watch({ environment: "lab", onEvent: () => {}, onEnd }));
    poll.close();
    const rssMb = Math.round(process.memoryUsage().rss / 2 ** 20);
    console.log(JSON.stringify({ loaded, list, end: end.code, rssMb }));`;
  const output = await outputOf([process.execPath, "--input-type=module", "--eval", script]);
  const { loaded, list, end, rssMb }: { loaded: string[]; list: string; end: string; rssMb: number } =
    JSON.parse(output);
  expect({ list, end }).toEqual({ list: "K3001", end: "K3001" });
  const folder = new URL(".", import.meta.url).href;
  expect(loaded).toContain(door);
  expect(
    loaded.filter((url) => !url.startsWith("node:") && !url.startsWith(folder)),
    "modules that a watcher may not load",
  ).toEqual([]);
  // Some 20 MB of it are Node's reader of TypeScript, which a bundle does not need.
  process.stdout.write(`a process with nothing but the poll has ${rssMb} MB\n`);
});

test.each(["ssh://host", "docker.sock", "tcp://host", "npipe:////./pipe/x", ""])(
  "%j is no address: K3001, not transient",
  (dockerHost) => {
    expect(() => openEnginePoll({ dockerHost, timeoutMs: 1_000 })).toThrow(
      expect.objectContaining({ code: "K3001", transient: false }),
    );
  },
);

describe("a list", () => {
  test.each(["unix", "tcp"] as const)("over %s uses one connection again and again", async (kind) => {
    const paths: (string | undefined)[] = [];
    await using engine = await listen((request, response) => {
      paths.push(request.url);
      response.end("[]");
    }, kind);
    const poll = openEnginePoll({ dockerHost: engine.dockerHost, timeoutMs: 5_000 });
    for (let count = 0; count < 20; count++) expect(await poll.list(of)).toEqual([]);
    expect(engine.connections()).toBe(1);
    const url = new URL(paths[0] ?? "", "http://engine");
    expect([url.pathname, url.search]).toEqual(["/containers/json", "?all=1"]);
    poll.close();
  });

  test("tries a new connection when the kept one was closed at the moment it is used", async () => {
    let isClosing = false;
    let asked = 0;
    await using engine = await listen((request, response) => {
      asked++;
      if (isClosing) request.socket.destroy();
      else response.end("[]");
      isClosing = false;
    });
    const poll = openEnginePoll({ dockerHost: engine.dockerHost, timeoutMs: 5_000 });
    await poll.list(of);
    isClosing = true;
    expect(await poll.list(of)).toEqual([]);
    expect([asked, engine.connections()]).toEqual([3, 2]);
    poll.close();
  });

  test("without an answer in time is K3001, also in the middle of one and when it breaks", async () => {
    const failure = { code: "K3001", transient: true };
    expect(await failureOf(listOf({ dockerHost: "unix:///nowhere/docker.sock" }))).toMatchObject(failure);
    await using silent = await listen(() => {});
    expect(await failureOf(listOf(silent, 100))).toMatchObject(failure);
    await using stuck = await listen((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("[");
    });
    expect(await failureOf(listOf(stuck, 100))).toMatchObject(failure);
    await using breaking = await listen((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("[", () => response.destroy());
    });
    expect(await failureOf(listOf(breaking))).toMatchObject(failure);
  });

  test("that is refused or not readable is K3009, with the engine's cleaned text as the cause", async () => {
    await using failing = await listen((_request, response) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end('{"message":"disk \u001b[31mbroken"}');
    });
    const error = await failureOf(listOf(failing));
    expect(error).toMatchObject({
      code: "K3009",
      transient: true,
      message: "the engine could not list containers (status 500)",
      cause: { message: '{"message":"disk broken"}' },
    });
    await using refusing = await listen((_request, response) => response.writeHead(400).end());
    expect(await failureOf(listOf(refusing))).toMatchObject({ code: "K3009", transient: false });
    await using strange = await listen((request) => request.socket.end("SSH-2.0-x\r\n\r\n"));
    expect(await failureOf(listOf(strange))).toMatchObject({ code: "K3009" });
    await using cut = await listen((_request, response) => response.end('[{"Id":"a'));
    expect(await failureOf(listOf(cut))).toMatchObject({ code: "K3009" });
    await using endless = await listen((_request, response) => {
      const more = () => response.write(" ".repeat(1_000_000), () => setImmediate(more));
      more();
    });
    expect(await failureOf(listOf(endless))).toMatchObject({ code: "K3009" });
  });

  test("ends when the poll is closed", async () => {
    await using silent = await listen(() => {});
    const poll = openEnginePoll({ dockerHost: silent.dockerHost, timeoutMs: 60_000 });
    const list = failureOf(poll.list(of));
    await waitFor(() => silent.connections() === 1, { what: "the list to be asked for" });
    poll.close();
    expect(await list).toMatchObject({ code: "K3001" });
  });
});

describe("a watch", () => {
  const line = (name: string) =>
    `${JSON.stringify({ Type: "volume", Action: "destroy", Actor: { ID: name, Attributes: {} } })}\n`;
  /** An engine that tells these chunks, one after the other, and then what is to be done. */
  const tell = (
    chunks: readonly (string | Buffer)[],
    then: (listener: { end: () => void }) => void = () => {},
  ) =>
    listen((_request, response) => {
      response.writeHead(200);
      const rest = [...chunks];
      const next = () => {
        const chunk = rest.shift();
        if (chunk === undefined) then({ end: () => response.end() });
        else response.write(chunk, () => setImmediate(next));
      };
      next();
    });
  const names = (events: readonly PolledEvent[]) => events.map(({ name }) => name);
  const untilSeen = async (engine: Listener, count: number) => {
    const seen = watch(engine);
    await waitFor(() => seen.events.length >= count, { what: `${count} events` });
    return seen;
  };

  test("reads lines that are split and joined, in the middle of characters too", async () => {
    const bytes = Buffer.from(line("lab-é_a") + line("lab-é_b") + line("lab-é_c"));
    const chunks = [...bytes].map((byte) => Buffer.from([byte]));
    for (const each of [[bytes], chunks]) {
      await using engine = await tell(each);
      const { events, ends, watch } = await untilSeen(engine, 3);
      expect(names(events)).toEqual(["lab-é_a", "lab-é_b", "lab-é_c"]);
      expect(ends).toEqual([]);
      watch.close();
      watch.close();
      expect(ends).toEqual([null]);
    }
  });

  test("leaves out a line that nobody could have meant, and goes on", async () => {
    const long = `{"Type":"volume","Actor":{"ID":"lab-${"x".repeat(1_500_000)}"}}\n`;
    await using engine = await tell([long, line("lab-core_data")]);
    const { events, poll } = await untilSeen(engine, 1);
    expect(names(events)).toEqual(["lab-core_data"]);
    poll.close();
  });

  test("that the engine ends, breaks, never answers or refuses says why, once", async () => {
    await using ending = await tell([line("lab-a")], ({ end }) => end());
    const ended = watch(ending);
    await ended.ended();
    expect(names(ended.events)).toEqual(["lab-a"]);
    expect(ended.ends).toMatchObject([{ code: "K3001", transient: true }]);
    ended.poll.close();
    expect(ended.ends).toHaveLength(1);

    await using open = await tell([line("lab-a")]);
    const broken = await untilSeen(open, 1);
    open.closeConnections();
    await broken.ended();
    expect(broken.ends).toMatchObject([{ code: "K3001" }]);

    await using silent = await listen(() => {});
    const late = watch(silent, 100);
    await late.ended();
    expect(late.ends).toMatchObject([{ code: "K3001" }]);

    await using refusing = await listen((_request, response) => response.writeHead(500).end("no"));
    const refused = watch(refusing);
    await refused.ended();
    expect(refused.ends).toMatchObject([{ code: "K3009", cause: { message: "no" } }]);

    await using strange = await tell(["what?\n", line("lab-a")]);
    const unread = watch(strange);
    await unread.ended();
    expect(unread.ends).toMatchObject([{ code: "K3009" }]);
    expect(unread.events).toEqual([]);
  });

  test("tells nothing more after it was closed, and closing the poll closes it", async () => {
    await using engine = await tell([line("lab-a") + line("lab-b")]);
    const poll = openEnginePoll({ dockerHost: engine.dockerHost, timeoutMs: 5_000 });
    const seen: string[] = [];
    const end = await new Promise((onEnd) => {
      poll.watch({
        ...of,
        onEnd,
        onEvent: ({ name }) => {
          seen.push(name);
          poll.close();
        },
      });
    });
    expect({ seen, end }).toEqual({ seen: ["lab-a"], end: null });
  });
});
