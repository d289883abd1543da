import { KeelsonError } from "@keelson/model";
import { expect, test, vi } from "vitest";

import { connectEngine } from "./engine.ts";
import { askEngine } from "./request.ts";
import { listen } from "./test-listener.ts";

function ask(dockerHost: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const engine = connectEngine({ dockerHost });
  return askEngine(engine, {
    what: "list containers",
    send: (abortSignal) => engine.docker.listContainers({ abortSignal }),
    ...options,
  });
}

async function failureOf(promise: Promise<unknown>): Promise<KeelsonError> {
  const error = await promise.catch((caught: unknown) => caught);
  if (!(error instanceof KeelsonError)) throw new Error("no KeelsonError", { cause: error });
  return error;
}

test("no socket is K3001 and transient", async () => {
  const error = await failureOf(ask("unix:///nowhere/docker.sock"));
  expect(error).toMatchObject({ code: "K3001", outcome: { kind: "transient" } });
  expect(error.message).toContain("unix:///nowhere/docker.sock");
});

test("an engine that never answers is K3001 after the timeout", async () => {
  await using silent = await listen(() => {});
  expect(await failureOf(ask(silent.dockerHost, { timeoutMs: 100 }))).toMatchObject({ code: "K3001" });
});

test("an answer that stops in its middle is K3001 after the timeout", async () => {
  await using stuck = await listen((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("[");
  });
  expect(await failureOf(ask(stuck.dockerHost, { timeoutMs: 100 }))).toMatchObject({ code: "K3001" });
});

test("a connection that breaks in the middle of an answer ends too", async () => {
  await using breaking = await listen((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("[", () => response.destroy());
  });
  expect(await failureOf(ask(breaking.dockerHost, { timeoutMs: 200 }))).toMatchObject({ code: "K3001" });
});

test("the caller's signal ends it with K3014, before and while it waits", async () => {
  await using silent = await listen(() => {});
  const controller = new AbortController();
  const waiting = ask(silent.dockerHost, { signal: controller.signal });
  controller.abort(new Error("stop"));
  expect(await failureOf(waiting)).toMatchObject({ code: "K3014", cause: { message: "stop" } });
  const late = ask(silent.dockerHost, { signal: controller.signal });
  expect(await failureOf(late)).toMatchObject({ code: "K3014" });
});

test("an error of the engine is K3009, with its cleaned text as the cause and not in the message", async () => {
  await using failing = await listen((_request, response) => {
    response.writeHead(500, { "content-type": "application/json" });
    response.end(JSON.stringify({ message: "disk \u001b[31mbroken" }));
  });
  const error = await failureOf(ask(failing.dockerHost));
  expect(error).toMatchObject({ code: "K3009", statusCode: 500, outcome: { kind: "transient" } });
  expect(error.message).not.toContain("disk");
  expect(error.cause).toMatchObject({ message: "disk broken" });
});

test("what does not speak HTTP is K3009", async () => {
  await using strange = await listen((request) => request.socket.end("SSH-2.0-x\r\n\r\n"));
  expect(await failureOf(ask(strange.dockerHost))).toMatchObject({ code: "K3009" });
});

test("a bug of ours is not dressed up as the engine's", async () => {
  const engine = connectEngine();
  const send = () => Promise.reject(new TypeError("bug"));
  await expect(askEngine(engine, { what: "x", send })).rejects.toBeInstanceOf(TypeError);
});

test("an engine's address is a unix or tcp address", () => {
  expect(connectEngine()).toMatchObject({ dockerHost: "unix:///var/run/docker.sock", isLocal: true });
  expect(connectEngine({ dockerHost: "tcp://10.0.0.1:2375" })).toMatchObject({ isLocal: false });
  for (const dockerHost of ["ssh://host", "docker.sock", "tcp://host", "npipe:////./pipe/x", ""]) {
    expect(() => connectEngine({ dockerHost })).toThrow(
      expect.objectContaining({ code: "K3001", outcome: { kind: "stalled" } }),
    );
  }
});

test.each(["unix", "tcp", "tcp6"] as const)(
  "an engine at a %s address is asked, whatever DOCKER_* of the environment says",
  async (kind) => {
    await using engine = await listen((_request, response) => response.end("[]"), kind);
    await using other = await listen((_request, response) => response.end('["other"]'), "tcp");
    try {
      for (const elsewhere of [other.dockerHost, "tcp://no port:x"]) {
        vi.stubEnv("DOCKER_HOST", elsewhere);
        vi.stubEnv("DOCKER_CERT_PATH", "/nowhere");
        expect(await ask(engine.dockerHost)).toEqual([]);
      }
    } finally {
      vi.unstubAllEnvs();
    }
    expect(other.connections()).toBe(0);
  },
);
