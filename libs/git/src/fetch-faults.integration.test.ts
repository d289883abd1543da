import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";

import { decodeText, formatError } from "@keelson/model";
import type { Snapshot } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { makeTempFolder, portOf, startHttpFront, startStateServer, waitFor } from "@keelson/test/support";
import type { Credentials } from "@keelson/test/support";
import { fetchSnapshot, readEarlier, readTracked } from "./fetch-snapshot.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/**
 * A Git server, and in front of it one that can lie: what `answer` leaves alone is passed on to the real one.
 * The branch has one commit with the file `a`.
 */
async function setUp({ credentials }: { credentials?: Credentials } = {}) {
  await using stack = new AsyncDisposableStack();
  const { server, repository } = stack.use(await startStateServer({ credentials }));
  const node = stack.use(await makeTempFolder("keelson-node-"));
  const first = await repository.commit({ files: { a: "1" } });
  await repository.push();
  const at = { answer: undefined as Answer | undefined };
  const front = stack.use(
    await startHttpFront({
      answer: async (request, response) => {
        if (at.answer !== undefined) await at.answer(request, response);
        if (!response.headersSent && !response.writableEnded) passOn(server.port, request, response);
      },
    }),
  );
  const url = `${front.origin}/state.git`;
  const gitDir = node.join("git");
  const cleanUp = stack.move();
  return Object.assign(at, {
    server,
    front,
    repository,
    node,
    first,
    url,
    gitDir,
    fetch: (timeoutMs = 60_000) => fetchSnapshot({ source: { url, branch: "main" }, gitDir, timeoutMs }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  });
}

function passOn(port: number, request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const onward = httpRequest({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", (error) => response.destroy(error));
  response.once("close", () => onward.destroy());
  request.pipe(onward);
}

async function textOf(revision: Snapshot, path: string): Promise<string | undefined> {
  const file = (await revision.readFiles([path])).get(path);
  return file === undefined ? undefined : decodeText(file.bytes);
}

const advertisement = { "content-type": "application/x-git-upload-pack-advertisement" };
const result = { "content-type": "application/x-git-upload-pack-result" };

describe("a server that does not answer well", () => {
  it("K2001 when nothing listens, and what was there stays usable", async () => {
    await using at = await setUp();
    await at.fetch();
    await at.front.stop();
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2001", outcome: { kind: "transient" } });
    await at.front.start();
    expect(await at.fetch()).toMatchObject({ commit: at.first, fetched: false });
  });

  it("K2001 when the name is unknown, and when the other side does not speak TLS", async () => {
    await using at = await setUp();
    const urls = ["http://keelson.invalid/state.git", at.url.replace("http://", "https://")];
    for (const url of urls) {
      const input = { source: { url, branch: "main" }, gitDir: at.gitDir, timeoutMs: 60_000 };
      await expect(fetchSnapshot(input)).rejects.toMatchObject({ code: "K2001" });
    }
  });

  it("K2005 when it hangs, before the answer and in the middle of the pack", async () => {
    await using at = await setUp();
    at.front.setBehaviour({ kind: "hang" });
    await expect(at.fetch(300)).rejects.toMatchObject({ code: "K2005", outcome: { kind: "transient" } });

    at.front.setBehaviour({ kind: "normal" });
    at.answer = stallInPack;
    await expect(at.fetch(3_000)).rejects.toMatchObject({ code: "K2005" });
    at.answer = undefined;
    expect(await at.fetch()).toMatchObject({ commit: at.first, fetched: true });
  });

  it.each([
    [401, "K2002"],
    [403, "K2002"],
    [404, "K2003"],
    [410, "K2003"],
    [429, "K2009"],
    [500, "K2009"],
    [503, "K2009"],
    [504, "K2005"],
  ])("HTTP %i is %s", async (status, code) => {
    await using at = await setUp();
    at.front.setBehaviour({ kind: "fail", status });
    await expect(at.fetch()).rejects.toMatchObject({ code });
  });

  it("K2009 for an answer that is not HTTP", async () => {
    await using node = await makeTempFolder("keelson-node-");
    const server = createServer((socket) => void socket.end("garbage\r\n\r\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = portOf(server);
    try {
      const source = { url: `http://127.0.0.1:${port}/x`, branch: "main" };
      const fetching = fetchSnapshot({ source, gitDir: node.join("git"), timeoutMs: 60_000 });
      await expect(fetching).rejects.toMatchObject({ code: "K2009" });
    } finally {
      server.close();
    }
  });

  it.each<[string, Answer]>([
    [
      "a web page",
      (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
    ],
    [
      "nonsense instead of refs",
      (_, response) => void response.writeHead(200, advertisement).end("nonsense"),
    ],
    ["nothing", (_, response) => void response.writeHead(200, advertisement).end()],
    [
      "an error line with escape codes",
      (_, response) => void response.writeHead(200, advertisement).end("0015ERR \u001b[31mgo away\n"),
    ],
    ["a web page instead of the branch", onPost((_, response) => void response.writeHead(200).end("<html>"))],
    [
      "an empty web page instead of the branch",
      onPost((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("0000")),
    ],
    ["nothing instead of the branch", onPost((_, response) => void response.writeHead(200, result).end())],
    [
      "nonsense instead of the branch",
      onPost((_, response) => void response.writeHead(200, result).end("nonsense")),
    ],
    ["a branch that is cut", onPost((_, response) => void response.writeHead(200, result).end("003d1234"))],
  ])("K2009 for %s", async (_, answer) => {
    await using at = await setUp();
    at.answer = answer;
    const text = await at.fetch().then(
      () => "no error",
      (error: unknown) => formatError(error),
    );
    expect(text).toContain("error[K2009]");
    // oxlint-disable-next-line no-control-regex -- that there is none is what is tested
    expect(text).not.toMatch(/\u001b/);
    at.answer = undefined;
    expect(await at.fetch()).toMatchObject({ commit: at.first });
  });

  it("K2009 for a pack that is not what it says, and nothing of it is kept", async () => {
    await using at = await setUp();
    const pack = `PACK\0\0\0\u0002\0\0\0\u0001${"x".repeat(60)}`;
    const line = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text;
    at.answer = onPack((_, response) => {
      response.writeHead(200, result).end(`${line("NAK\n")}${line(`\u0001${pack}`)}0000`);
    });
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2009" });
    expect(await readdir(at.node.path)).toEqual([]);
  });

  it("K2009 when the server gives up in the middle of the pack, and the copy stays usable", async () => {
    await using at = await setUp();
    await at.fetch();
    await at.repository.commit({ files: { a: "2" } });
    await at.repository.push();
    const fatal = "0025\u0003upload-pack: not enough memory\n0000";
    at.answer = onPack((_, response) => void response.writeHead(200, result).end(`0008NAK\n${fatal}`));
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2009" });
    expect(await readFile(join(at.gitDir, "refs/heads/tracked"), "utf8")).toBe(`${at.first}\n`);
    at.answer = undefined;
    expect(await textOf(await at.fetch(), "a")).toBe("2");
  });

  it("does not take an answer that was cut for a branch that is gone", async () => {
    await using at = await setUp();
    at.answer = onPost((_, response) => {
      response.writeHead(200, { ...result, "content-length": "500" });
      response.write("00");
      response.destroy();
    });
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2001" });
  });
});

describe("a server that sends too much, or without end", () => {
  const packet = (text: string) => `${(text.length + 4).toString(16).padStart(4, "0")}${text}`;
  /** Sends the same again and again, as long as the other side reads. */
  const pour = (response: ServerResponse, text: string) => {
    const send = () => {
      while (!response.destroyed && response.write(text));
      if (!response.destroyed) response.once("drain", send);
    };
    send();
  };
  const onRefs =
    (answer: Answer): Answer =>
    (request, response) =>
      request.method === "GET" ? answer(request, response) : undefined;

  it.each<[string, string, Answer]>([
    [
      "K2009 for a pack in another coding, which could be a bomb of its own",
      "K2009",
      onPack((_, response) => {
        response.writeHead(200, { ...result, "content-encoding": "gzip" });
        response.end(gzipSync("0008NAK\n"));
      }),
    ],
    [
      "K2007 for progress without end",
      "K2007",
      onPack((_, response) => {
        response.writeHead(200, result);
        response.write("0008NAK\n");
        pour(response, packet(`\u0002${"x".repeat(60_000)}`));
      }),
    ],
    [
      "K2007 for short packets without end",
      "K2007",
      onPack((_, response) => {
        response.writeHead(200, result);
        pour(response, "0008NAK\n".repeat(1_000));
      }),
    ],
    [
      "K2009 for long ones",
      "K2009",
      onPack((_, response) => {
        response.writeHead(200, result);
        pour(response, packet(`ACK ${"x".repeat(60_000)}`));
      }),
    ],
    [
      "K2017 for a pack without end",
      "K2017",
      onPack((_, response) => {
        response.writeHead(200, result);
        response.write(`0008NAK\n${packet("\u0001PACK\0\0\0\u0002\0\u0001\0\0")}`);
        const blob = Buffer.concat([
          Buffer.from([0xb0, 0x80, 0x40]),
          deflateSync(Buffer.alloc(2 ** 17), { level: 0 }),
        ]);
        const send = () => {
          for (let at = 0; at < blob.length; at += 60_000) {
            const part = blob.subarray(at, at + 60_000);
            response.write(
              Buffer.concat([Buffer.from(`${(part.length + 5).toString(16).padStart(4, "0")}\u0001`), part]),
            );
          }
          if (!response.destroyed) setImmediate(send);
        };
        send();
      }),
    ],
    [
      "K2007 for refs without end",
      "K2007",
      onRefs((_, response) => {
        response.writeHead(200, advertisement);
        pour(response, packet(`${"1".repeat(40)} refs/heads/${"x".repeat(60_000)}\n`));
      }),
    ],
    [
      "K2007 for a million refs",
      "K2007",
      onRefs((_, response) => {
        response.writeHead(200, advertisement);
        pour(response, "0005x".repeat(10_000));
      }),
    ],
  ])("%s", async (_, code, answer) => {
    await using at = await setUp();
    at.answer = answer;
    await expect(at.fetch(60_000)).rejects.toMatchObject({ code });
    at.answer = undefined;
    expect(await at.fetch()).toMatchObject({ commit: at.first });
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("K2005 for one byte after the other", async () => {
    await using at = await setUp();
    at.answer = onPack((_, response) => {
      response.writeHead(200, result);
      const timer = setInterval(() => response.write("0"), 20);
      response.once("close", () => clearInterval(timer));
    });
    await expect(at.fetch(700)).rejects.toMatchObject({ code: "K2005" });
  });
});

describe("credentials", () => {
  const credentials = { username: "x-access-token", password: "s3cret" };

  it("K2002 with a wrong one or none, and no message has it", async () => {
    await using at = await setUp({ credentials });
    const token = at.node.join("token");
    await writeFile(token, "s3cret-but-wrong");
    const source = { url: at.url, branch: "main" };
    const withUser = at.url.replace("http://", "http://ada:s3cret-but-wrong@");
    const sources = [source, { ...source, credential: { file: token } }, { ...source, url: withUser }];
    for (const source of sources) {
      const error: unknown = await fetchSnapshot({ source, gitDir: at.gitDir, timeoutMs: 60_000 }).catch(
        (error: unknown) => error,
      );
      expect(error).toMatchObject({ code: "K2002", outcome: { kind: "stalled" } });
      expect(formatError(error)).not.toContain("s3cret");
    }
    await writeFile(token, "s3cret\n");
    const right = { ...source, credential: { file: token } };
    expect((await fetchSnapshot({ source: right, gitDir: at.gitDir, timeoutMs: 60_000 })).commit).toBe(
      at.first,
    );
  });

  it("never go to another server: a redirect there is refused and names where to", async () => {
    await using at = await setUp();
    const seen: string[] = [];
    await using other = await startHttpFront({
      answer: (request, response) => {
        seen.push(JSON.stringify(request.headers));
        response.writeHead(404).end();
      },
    });
    at.answer = (request, response) => {
      response.writeHead(302, { location: `${other.origin}${request.url ?? ""}` }).end();
    };
    const source = { url: at.url.replace("http://", "http://ada:s3cret@"), branch: "main" };
    const fetching = fetchSnapshot({ source, gitDir: at.gitDir, timeoutMs: 60_000 });
    await expect(fetching).rejects.toMatchObject({
      code: "K2006",
      outcome: { kind: "stalled" },
      message: expect.stringContaining(`${other.origin}/state.git`),
    });
    expect(seen).toEqual([]);
  });

  it("follow a redirect on the same server, and the pack is asked for at the new place", async () => {
    await using at = await setUp({ credentials });
    const paths: string[] = [];
    at.answer = (request, response) => {
      paths.push(request.url ?? "");
      if (!request.url?.startsWith("/old/")) return;
      const location = request.url.replace("/old/", "/state.git/");
      response.writeHead(301, { location }).end();
    };
    const url = `${at.front.origin}/old`.replace("http://", "http://x-access-token:s3cret@");
    const source = { url, branch: "main" };
    expect((await fetchSnapshot({ source, gitDir: at.gitDir, timeoutMs: 60_000 })).commit).toBe(at.first);
    expect(paths.filter((path) => path.endsWith("git-upload-pack") && path.startsWith("/old"))).toEqual([
      "/old/info/refs?service=git-upload-pack",
    ]);
  });

  it("K2009 for redirects without end", async () => {
    await using at = await setUp();
    at.answer = (request, response) => {
      response.writeHead(307, { location: request.url ?? "" }).end();
    };
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2009" });
  });
});

describe("a copy that is damaged or unfinished", () => {
  const damages: [string, (gitDir: string) => Promise<void>][] = [
    [
      "is an empty folder",
      async (gitDir) => {
        await rm(gitDir, { recursive: true });
        await mkdir(gitDir);
      },
    ],
    [
      "is a file",
      async (gitDir) => {
        await rm(gitDir, { recursive: true });
        await writeFile(gitDir, "x");
      },
    ],
    ["has lost its packs", (gitDir) => rm(join(gitDir, "objects/pack"), { recursive: true })],
    ["has a pack cut short", (gitDir) => onEach(gitDir, ".pack", (path) => truncate(path, 100))],
    ["has a pack of zeros", (gitDir) => onEach(gitDir, ".pack", zero)],
    ["has an index of zeros", (gitDir) => onEach(gitDir, ".idx", zero)],
    ["has an index cut short", (gitDir) => onEach(gitDir, ".idx", (path) => truncate(path, 1_050))],
    ["has a tip that is none", (gitDir) => writeFile(join(gitDir, "refs/heads/tracked"), "")],
    [
      "names a commit it does not have",
      (gitDir) => writeFile(join(gitDir, "refs/heads/tracked"), `${"1".repeat(40)}\n`),
    ],
    ["has lost its configuration", (gitDir) => rm(join(gitDir, "config"), { force: true })],
  ];

  it.each(damages)("is made anew when it %s, whether the branch moved or not", async (_, damage) => {
    await using at = await setUp();
    await at.fetch();
    await damage(at.gitDir);
    expect(await textOf(await at.fetch(), "a")).toBe("1");
    await damage(at.gitDir);
    const commit = await at.repository.commit({ files: { a: "2" } });
    await at.repository.push();
    const revision = await at.fetch();
    expect(revision.commit).toBe(commit);
    expect(await textOf(revision, "a")).toBe("2");
    expect(await at.fetch()).toMatchObject({ commit, fetched: false });
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("survives the agent's SIGKILL in the middle of the first clone and of a fetch", async () => {
    await using at = await setUp();
    for (const [content, commit] of [
      ["1", at.first],
      ["2", undefined],
    ] as const) {
      const expected = commit ?? (await at.repository.commit({ files: { a: content } }));
      await at.repository.push();
      await killWhileFetching(at);
      const revision = await at.fetch();
      expect(revision).toMatchObject({ commit: expected, fetched: true });
      expect(await textOf(revision, "a")).toBe(content);
      expect(await readdir(at.node.path)).toEqual(["git"]);
    }
  });

  it("survives a kill between the two renames and one that left files behind", async () => {
    await using at = await setUp();
    await at.fetch();
    await mkdir(`${at.gitDir}.incoming/objects`, { recursive: true });
    await writeFile(`${at.gitDir}.incoming/config`, "nonsense");
    await mkdir(`${at.gitDir}.replaced/objects`, { recursive: true });
    await rm(at.gitDir, { recursive: true });
    expect(await at.fetch()).toMatchObject({ commit: at.first, fetched: true });
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("comes back after a kill between the two renames while the server is away", async () => {
    await using at = await setUp();
    await at.fetch();
    const kill = () => rename(at.gitDir, `${at.gitDir}.replaced`);
    await at.server.stop();
    await kill();
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2001" });
    expect(await readTracked({ gitDir: at.gitDir })).toMatchObject({ commit: at.first });
    await kill();
    expect(await readEarlier({ gitDir: at.gitDir, commit: at.first })).toMatchObject({ commit: at.first });
    await at.server.start();
    await kill();
    expect(await at.fetch()).toMatchObject({ commit: at.first, fetched: false });
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("loses what a kill while it was renewed left beside it, with the next fetch", async () => {
    await using at = await setUp();
    await at.fetch();
    await mkdir(`${at.gitDir}.incoming/objects`, { recursive: true });
    await mkdir(`${at.gitDir}.replaced/objects`, { recursive: true });
    const commit = await at.repository.commit({ files: { a: "2" } });
    await at.repository.push();
    expect(await at.fetch()).toMatchObject({ commit, fetched: true });
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("stays when a connection breaks in the middle of the pack", async () => {
    await using at = await setUp();
    await at.fetch();
    await at.repository.commit({ files: { a: "2" } });
    await at.repository.push();
    const before = await readFile(join(at.gitDir, "refs/heads/tracked"), "utf8");
    at.answer = onPack((_, response) => {
      response.writeHead(200, result);
      response.write("0008NAK\n0100\u0001PACK");
      setImmediate(() => response.destroy());
    });
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2001" });
    expect(await readFile(join(at.gitDir, "refs/heads/tracked"), "utf8")).toBe(before);
    at.answer = undefined;
    at.front.requests.splice(0);
    expect(await textOf(await at.fetch(), "a")).toBe("2");
    expect(at.front.requests).toHaveLength(4);
  });

  it("K2012 when the disk refuses", async () => {
    await using at = await setUp();
    await writeFile(at.node.join("file"), "");
    const source = { url: at.url, branch: "main" };
    const input = { source, gitDir: at.node.join("file", "git"), timeoutMs: 60_000 };
    await expect(fetchSnapshot(input)).rejects.toMatchObject({
      code: "K2012",
      outcome: { kind: "transient" },
    });
  });
});

describe("a copy that has taken 40 fetches", () => {
  /** As if so many fetches had brought something. */
  async function wear(gitDir: string, count: number): Promise<void> {
    const folder = join(gitDir, "objects/pack");
    for (let index = 0; index < count; index++) await writeFile(join(folder, `${index}.pack`), "");
  }

  async function countPacks(gitDir: string): Promise<number> {
    const names = await readdir(join(gitDir, "objects/pack"));
    return names.filter((name) => name.endsWith(".pack")).length;
  }

  it("gives way to a new one", async () => {
    await using at = await setUp();
    await at.fetch();
    await wear(at.gitDir, 38);
    const commit = await at.repository.commit({ files: { a: "2" } });
    await at.repository.push();
    const revision = await at.fetch();
    expect(revision).toMatchObject({ commit, fetched: true });
    expect(await textOf(revision, "a")).toBe("2");
    expect(await countPacks(at.gitDir)).toBe(1);
    expect(await at.fetch()).toMatchObject({ commit, fetched: false });
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("is kept while the server is away", async () => {
    await using at = await setUp();
    await at.fetch();
    await wear(at.gitDir, 38);
    await at.front.stop();
    await expect(at.fetch()).rejects.toMatchObject({ code: "K2001" });
    const last = await readTracked(at);
    expect(last?.commit).toBe(at.first);
    expect(last === null ? "" : await textOf(last, "a")).toBe("1");
  });

  it("serves on where a new one cannot be had, and only 40 fetches later is asked again", async () => {
    await using at = await setUp();
    await at.fetch();
    await wear(at.gitDir, 38);
    let packs = 0;
    at.answer = onPack((_, response) => {
      if (packs++ > 0) response.writeHead(503).end();
    });
    for (const [content, requests] of [
      ["2", 2],
      ["3", 1],
    ] as const) {
      packs = 0;
      const commit = await at.repository.commit({ files: { a: content } });
      await at.repository.push();
      const revision = await at.fetch();
      expect(revision).toMatchObject({ commit, fetched: true });
      expect(await textOf(revision, "a")).toBe(content);
      expect(packs).toBe(requests);
    }
    expect(await countPacks(at.gitDir)).toBe(41);
    expect(await readdir(at.node.path)).toEqual(["git"]);
  });

  it("does not give way to one of an old mirror", async () => {
    await using at = await setUp();
    await at.fetch();
    await wear(at.gitDir, 38);
    const commit = await at.repository.commit({ files: { a: "2" } });
    await at.repository.push();
    let listings = 0;
    at.answer = async (request) => {
      // The branch, then the refs for each pack.
      if (request.method !== "GET" || ++listings < 3) return;
      await at.repository.reset(at.first);
      await at.repository.push({ force: true });
    };
    expect(await at.fetch()).toMatchObject({ commit });
    expect(listings).toBe(3);
    expect(await countPacks(at.gitDir)).toBe(40);
  });
});

/** Starts a fetch in a process of its own and kills that once the server has sent a part of the pack. */
async function killWhileFetching(at: {
  answer: Answer | undefined;
  url: string;
  gitDir: string;
}): Promise<void> {
  let stalled = false;
  at.answer = async (request, response) => {
    await stallInPack(request, response);
    stalled ||= response.headersSent;
  };
  const input = { source: { url: at.url, branch: "main" }, gitDir: at.gitDir, timeoutMs: 60_000 };
  const room = new URL("fetch-snapshot.ts", import.meta.url).href;
  const code = `import { fetchSnapshot } from ${JSON.stringify(room)}; await fetchSnapshot(${JSON.stringify(input)});`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "ignore" });
  try {
    await waitFor(() => stalled, { what: "the pack to be under way" });
  } finally {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    at.answer = undefined;
  }
}

function onPost(answer: Answer): Answer {
  return (request, response) => (request.method === "POST" ? answer(request, response) : undefined);
}

/** The first POST of a round asks for the branch, in protocol 2; the one for the pack is in protocol 1. */
function onPack(answer: Answer): Answer {
  return onPost((request, response) =>
    request.headers["git-protocol"] === undefined ? answer(request, response) : undefined,
  );
}

const stallInPack = onPack((_, response) => {
  response.writeHead(200, result);
  response.write("0008NAK\n0100\u0001PACK");
});

async function onEach(
  gitDir: string,
  extension: string,
  act: (path: string) => Promise<void>,
): Promise<void> {
  const folder = join(gitDir, "objects/pack");
  for (const name of await readdir(folder)) if (name.endsWith(extension)) await act(join(folder, name));
}

async function zero(path: string): Promise<void> {
  await writeFile(path, new Uint8Array((await readFile(path)).length));
}
