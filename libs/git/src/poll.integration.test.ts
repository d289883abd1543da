import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

import { expect, it } from "vitest";

import { outputOf, portOf, startStateServer } from "@keelson/test/support";
import type { Credentials } from "@keelson/test/support";
import { openRefPoll } from "./poll.ts";
import type { RefPollInput } from "./poll.ts";

const forPoll = "GET /state.git/info/refs?service=git-upload-pack";
const listing = "POST /state.git/git-upload-pack";

/** A server whose branch has one commit. */
async function setUp({ credentials }: { credentials?: Credentials } = {}) {
  await using stack = new AsyncDisposableStack();
  const at = stack.use(await startStateServer({ credentials }));
  const { repository, url } = at;
  const first = await repository.commit();
  await repository.push();
  const open = (options: Partial<RefPollInput> = {}) => {
    const input = { url, branch: "main", credential: null, timeoutMs: 60_000 };
    const poll = openRefPoll({ ...input, ...options });
    cleanUp.defer(() => poll.close());
    return poll;
  };
  const cleanUp = stack.move();
  return {
    ...at,
    first,
    open,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

/** A server that answers everything in one way. */
async function setUpLiar(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${portOf(server)}/state.git`;
  const poll = openRefPoll({ url, branch: "main", credential: null, timeoutMs: 60_000 });
  return {
    poll: () => poll.poll(),
    [Symbol.asyncDispose]: async () => {
      poll.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

it("asks with one request, and sees the branch move and rewind", async () => {
  await using at = await setUp();
  const { poll } = at.open();
  expect(await poll()).toBe(at.first);
  expect(at.takeRequests()).toEqual([forPoll, listing]);
  const next = await at.repository.commit();
  await at.repository.push();
  expect(await poll()).toBe(next);
  await at.repository.reset(at.first);
  await at.repository.push({ force: true });
  expect(await poll()).toBe(at.first);
  expect(at.takeRequests()).toEqual([listing, listing]);
});

it("takes the branch itself, not one whose name only begins like it", async () => {
  await using at = await setUp();
  const other = await at.repository.commit();
  await at.repository.git("push", "--quiet", "origin", "HEAD:refs/heads/main-2", "HEAD:refs/heads/a/main");
  expect(await at.open().poll()).toBe(at.first);
  expect(await at.open({ branch: "main-2" }).poll()).toBe(other);
  await expect(at.open({ branch: "mai" }).poll()).rejects.toMatchObject({ code: "K2003", transient: false });
});

it("sends the credential, or the one in the URL", async () => {
  await using at = await setUp({ credentials: { username: "ada", password: "s3cret/" } });
  const url = at.server.url("state");
  const withLogin = (login: string) => url.replace("://", `://${login}@`);
  expect(await at.open({ credential: { username: "ada", password: "s3cret/" } }).poll()).toBe(at.first);
  expect(await at.open({ url: withLogin("ada:s3cret%2F") }).poll()).toBe(at.first);
  const refused = at.open({ url: withLogin("ada:hidden") }).poll();
  await expect(refused).rejects.toMatchObject({ code: "K2002", transient: false });
  await expect(refused).rejects.not.toThrow(/hidden/);
});

it("is told apart: gone, hanging, failing; and asks afresh after that", async () => {
  await using at = await setUp();
  // Also what is well has to answer within it.
  const { poll } = at.open({ timeoutMs: 5_000 });
  await poll();
  await at.server.stop();
  await expect(poll()).rejects.toMatchObject({ code: "K2001", transient: true });
  await at.server.start();
  at.server.setBehaviour({ kind: "hang" });
  await expect(poll()).rejects.toMatchObject({ code: "K2005", transient: true });
  at.server.setBehaviour({ kind: "fail", status: 503 });
  await expect(poll()).rejects.toMatchObject({ code: "K2009", transient: true });
  at.server.setBehaviour({ kind: "fail", status: 404 });
  await expect(poll()).rejects.toMatchObject({ code: "K2003", transient: false });
  at.server.setBehaviour({ kind: "cut", afterBytes: 40 });
  await expect(poll()).rejects.toMatchObject({ transient: true });
  at.server.setBehaviour({ kind: "normal" });
  at.takeRequests();
  expect(await poll()).toBe(at.first);
  expect(at.takeRequests()).toEqual([forPoll, listing]);
});

it("asks again when the server had closed the kept connection meanwhile", async () => {
  await using at = await setUp();
  const { poll } = at.open();
  await poll();
  await at.server.stop();
  await at.server.start();
  expect(await poll()).toBe(at.first);
});

it("learns from a server that speaks only the older protocol, as behind a proxy that drops headers", async () => {
  await using at = await setUp();
  await at.repository.git("push", "--quiet", "origin", "main:refs/heads/main-2");
  await using proxy = await setUpLiar((request, response) => {
    void fetch(`${at.server.origin}${request.url}`).then(async (answer) => {
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  expect(await proxy.poll()).toBe(at.first);
  expect(await proxy.poll()).toBe(at.first);
});

it("keeps one connection, follows a redirect on the same server and asks there, but none to another server", async () => {
  await using at = await setUp();
  const asked: string[] = [];
  const connections = new Set<number | undefined>();
  const passOn = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const answer = await fetch(`${at.server.origin}${request.url}`, {
      method: request.method ?? "GET",
      headers: {
        "git-protocol": "version=2",
        "content-type": request.headers["content-type"] ?? "",
      },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  await using moved = await setUpLiar((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    connections.add(request.socket.remotePort);
    if (request.url?.startsWith("/state.git/") === true && asked.length === 1) {
      response.writeHead(301, { location: "/group/../state.git/info/refs?service=git-upload-pack" }).end();
    } else void passOn(request, response);
  });
  expect(await moved.poll()).toBe(at.first);
  expect(await moved.poll()).toBe(at.first);
  expect(asked).toEqual([forPoll, forPoll, listing, listing]);
  expect(connections.size).toBe(1);

  await using away = await setUpLiar((_, response) => {
    response
      .writeHead(301, { location: `${at.server.url("state")}/info/refs?service=git-upload-pack` })
      .end();
  });
  at.takeRequests();
  await expect(away.poll()).rejects.toMatchObject({ code: "K2006", transient: false });
  expect(at.takeRequests()).toEqual([]);
});

it("ends an answer that has no end, and one that is not Git's", async () => {
  const advertisement = { "content-type": "application/x-git-upload-pack-advertisement" };
  await using endless = await setUpLiar((_, response) => {
    response.writeHead(200, advertisement);
    const send = () => {
      while (response.write("x".repeat(65_536)));
      response.once("drain", send);
    };
    send();
  });
  await expect(endless.poll()).rejects.toMatchObject({ code: "K2007", transient: false });
  const answers: [Record<string, string>, string][] = [
    [{ "content-type": "text/html" }, "<html>"],
    [advertisement, ""],
    [advertisement, "zzzz"],
    [advertisement, "00ff# service"],
    [{ ...advertisement, "content-encoding": "gzip" }, "0000"],
  ];
  for (const [headers, body] of answers) {
    await using liar = await setUpLiar((_, response) => void response.writeHead(200, headers).end(body));
    await expect(liar.poll()).rejects.toMatchObject({ code: "K2009", transient: true });
  }
});

it("K2009 for a repository of another object format, which waiting does not mend", async () => {
  await using at = await setUp();
  await outputOf(["rm", "-r", at.path]);
  await outputOf(["git", "init", "--quiet", "--bare", "--object-format=sha256", at.path]);
  await expect(at.open().poll()).rejects.toMatchObject({ code: "K2009", transient: false });
});

it.each(["ext::sh -c x", "/srv/state.git", "ssh://git@host/x", "http://u:p@h/x?q", "http://h/x#y"])(
  "K2006 for %j, without quoting it",
  (url) => {
    const open = () => openRefPoll({ url, branch: "main", credential: null, timeoutMs: 1 });
    expect(open).toThrow(
      expect.objectContaining({ code: "K2006", message: expect.not.stringContaining("u:p") }),
    );
  },
);

it("K2006 for a branch that could say more to the server than a name", () => {
  const open = () => openRefPoll({ url: "http://h/x", branch: "a\nb", credential: null, timeoutMs: 1 });
  expect(open).toThrow(expect.objectContaining({ code: "K2006" }));
});

it("loads nothing but Node's own modules", async () => {
  const door = new URL("./poll.ts", import.meta.url).href;
  const program = `
    import { registerHooks } from "node:module";
    registerHooks({ load(url, context, next) { if (!url.startsWith("node:")) console.log(url); return next(url, context); } });
    await import(${JSON.stringify(door)});`;
  const loaded = await outputOf([process.execPath, "--input-type=module", "--eval", program]);
  const names = loaded
    .trim()
    .split("\n")
    .map((url) => url.split("/").slice(-3).join("/"));
  expect(names).toContain("git/src/poll.ts");
  expect(names.filter((name) => !name.startsWith("git/src/"))).toEqual([]);
  expect(names.length).toBeLessThan(10);
});
