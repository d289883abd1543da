import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";

import {
  type Registry,
  buildImageArchive,
  loadImages,
  removeImages,
  sharedEngine,
  startRegistry,
} from "@keelson/test/support";
import { afterAll, beforeAll, expect, test } from "vitest";

import { observeEngine, pullImage } from "./index.ts";
import { type TestBench, makeTestBench, operationOf } from "./test-bench.ts";

let bench: TestBench;
let registry: Registry;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

/** An image in the registry that the engine has not, with a layer that only it has. */
async function push(name: string, { to = registry, auth = {} }: { to?: Registry; auth?: object } = {}) {
  const repository = `${to.host}/${bench.environment}-${name}`;
  const reference = `${repository}:1`;
  const files = { "/noise": randomBytes(600_000).toString("base64") };
  await loadImages(bench.docker, [await buildImageArchive({ tag: reference, files })]);
  const image = bench.docker.getImage(reference);
  // Engine 20.10 wants an authentication to be given, if an empty one.
  await text(await image.push({ authconfig: { serveraddress: to.host, ...auth } }));
  const { RepoDigests: digests } = await image.inspect();
  await image.remove();
  return { reference, pinned: digests[0] ?? "" };
}

const pull = (image: string, context = bench.context) =>
  pullImage(context, operationOf("pull-image", { image }));

test("an image is pulled by tag and by digest, with progress in bytes, and is there afterwards", async () => {
  const { reference, pinned } = await push("wanted");
  const observe = (images: string[]) => observeEngine(bench.context.engine, bench.observation({ images }));
  try {
    expect((await observe([reference])).images).toEqual({ [reference]: null });
    await pull(reference);
    const reports = bench.progress.filter(({ message }) => message === `pulling ${reference}`);
    const last = reports.at(-1);
    expect(last?.total).toBeGreaterThan(400_000);
    expect(last?.done).toBe(last?.total);
    const { images } = await observe([reference, pinned]);
    expect(images[reference]?.digests).toEqual([pinned]);
    expect(images[pinned]).toEqual(images[reference]);

    await removeImages(bench.docker, [reference, pinned]);
    expect((await observe([pinned])).images).toEqual({ [pinned]: null });
    await pull(pinned);
    await pull(pinned);
    expect((await observe([pinned])).images[pinned]?.digests).toEqual([pinned]);
  } finally {
    await removeImages(bench.docker, [reference, pinned]);
  }
});

test.each([
  ["a tag that is not there", () => `${registry.host}/nothing:1`],
  ["a digest that is not there", () => `${registry.host}/nothing@sha256:${"0".repeat(64)}`],
  ["something that is no reference", () => `${registry.host}/NOT:a:reference`],
])("%s is K3002, which waits for a change", async (_what, reference) => {
  await expect(pull(reference())).rejects.toMatchObject({ code: "K3002", outcome: { kind: "stalled" } });
});

test("a registry that wants credentials is K3002, and they do not stand in the error", async () => {
  const credentials = { username: "u", password: "secret-word" };
  await using closed = await startRegistry({ credentials });
  const { reference } = await push("closed", { to: closed, auth: credentials });
  const error: unknown = await pull(reference).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "K3002", outcome: { kind: "stalled" } });
  expect(JSON.stringify(error)).not.toContain("secret-word");
});

test("a registry that does not answer is K3003, which is tried again", async () => {
  const gone = await startRegistry();
  const { host } = gone;
  await gone[Symbol.asyncDispose]();
  await expect(pull(`${host}/x:1`)).rejects.toMatchObject({ code: "K3003", outcome: { kind: "transient" } });
  await using broken = await startRegistry();
  const { reference } = await push("broken", { to: broken });
  broken.setBehaviour({ kind: "fail", status: 503 });
  await expect(pull(reference)).rejects.toMatchObject({ code: "K3003" });
  broken.setBehaviour({ kind: "normal" });
  await pull(reference);
  await removeImages(bench.docker, [reference]);
});

test("a registry that never finishes is ended by the timeout and by the caller", async () => {
  await using slow = await startRegistry();
  const { reference } = await push("slow", { to: slow });
  slow.setBehaviour({ kind: "hang" });
  const context = { ...bench.context, pullTimeoutMs: 300 };
  await expect(pull(reference, context)).rejects.toMatchObject({
    code: "K3003",
    outcome: { kind: "transient" },
  });
  const controller = new AbortController();
  const pulling = pull(reference, { ...bench.context, signal: controller.signal });
  controller.abort();
  await expect(pulling).rejects.toMatchObject({ code: "K3014" });
});
