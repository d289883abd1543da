import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import {
  type Credentials,
  type Registry,
  type TempFolder,
  buildImageArchive,
  loadImages,
  makeTempFolder,
  removeImages,
  sharedEngine,
  startEngine,
  startRegistry,
  waitFor,
} from "@keelson/test/support";
import { KeelsonError, formatError } from "@keelson/model";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { type LoginsInput, connectEngine, observeEngine, probeRegistries, pullImage } from "./index.ts";
import { type TestBench, makeTestBench, operationOf, testLogins } from "./test-bench.ts";

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

describe("a registry that wants a login", () => {
  const right = { username: "ada", password: "right-p4ssword" };
  let closed: Registry;
  let folder: TempFolder;
  let reference: string;
  const file = () => folder.join("config.json");
  const write = async (config: object) => writeFile(file(), JSON.stringify(config));
  const entry = ({ username, password }: Credentials) => ({
    auth: Buffer.from(`${username}:${password}`).toString("base64"),
  });
  /** A program that keeps logins and says what stands in the file `answer`, and notes each call. */
  const writeHelper = async () => {
    const path = folder.join(`docker-credential-${bench.environment}`);
    const script = `echo asked >> ${folder.join("calls")}; cat ${folder.join("answer")}`;
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await writeFile(folder.join("calls"), "");
    return bench.environment;
  };
  const answer = async ({ username, password }: Credentials) =>
    writeFile(folder.join("answer"), JSON.stringify({ Username: username, Secret: password }));
  const calls = async () => (await readFile(folder.join("calls"), "utf8")).split("\n").length - 1;
  const contextWith = (more: Partial<LoginsInput> = {}) => ({
    ...bench.context,
    logins: testLogins(file(), more),
  });
  const refusal = async (context = contextWith()) => {
    const error: unknown = await pull(reference, context).catch((caught: unknown) => caught);
    const text = formatError(error);
    for (const word of [right.password, entry(right).auth, "wr0ng"]) expect(text).not.toContain(word);
    return { error, text };
  };
  const expectPulled = async (context = contextWith()) => {
    await pull(reference, context);
    await removeImages(bench.docker, [reference]);
  };
  const path = process.env["PATH"];

  beforeAll(async () => {
    closed = await startRegistry({ credentials: right });
    folder = await makeTempFolder();
    process.env["PATH"] = `${path}:${folder.path}`;
    ({ reference } = await push("closed", { to: closed, auth: right }));
  });
  afterAll(async () => {
    process.env["PATH"] = path;
    await folder[Symbol.asyncDispose]();
    await closed[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await closed.setCredentials(right);
    await rm(file(), { force: true });
  });

  test("gives the image to the login of config.json, or of the program that it names", async () => {
    const before = closed.requests.length;
    await write({ auths: { [closed.host]: entry(right) } });
    await expectPulled();
    const helper = await writeHelper();
    await answer(right);
    for (const config of [{ credsStore: helper }, { credHelpers: { [closed.host]: helper } }]) {
      await write(config);
      await expectPulled();
    }
    expect(
      closed.requests.slice(before).filter(({ path: asked }) => asked.endsWith("/manifests/1")),
    ).not.toEqual([]);
  });

  test("gives nothing without a login: K3002 says where there is none", async () => {
    const { error, text } = await refusal();
    expect(error).toMatchObject({ code: "K3002", outcome: { kind: "stalled" } });
    expect(text).toContain(`${file()} has no login for it`);
    expect(text).toContain(`docker --config ${folder.path} login ${closed.host}`);
    await write({ auths: { "other.example": entry(right) } });
    expect((await refusal()).text).toContain("has no login for it");
  });

  test("gives nothing to a wrong login: K3002 says where that is from", async () => {
    await write({ auths: { [closed.host]: entry({ username: "ada", password: "wr0ng" }) } });
    const { error, text } = await refusal();
    expect(error).toMatchObject({ code: "K3002", outcome: { kind: "stalled" } });
    expect(text).toContain(`with the login from ${file()}`);
  });

  test("gets a renewed login when the kept one is refused, once for all pulls at the same time", async () => {
    await write({ credsStore: await writeHelper() });
    await answer(right);
    const context = contextWith();
    await expectPulled(context);
    expect(await calls()).toBe(1);
    const next = { username: "ada", password: "next-p4ssword" };
    await closed.setCredentials(next);
    await answer(next);
    await Promise.all([pull(reference, context), pull(reference, context)]);
    await removeImages(bench.docker, [reference]);
    expect(await calls()).toBe(2);
    await answer({ username: "ada", password: "wr0ng" });
    const { error, text } = await refusal();
    expect(error).toMatchObject({ code: "K3002", outcome: { kind: "transient" } });
    expect(text).toContain(`docker-credential-${bench.environment} (named in ${file()})`);
  });

  test("says why a login cannot be had, and an open one does not mind", async () => {
    const open = await push("open");
    const context = contextWith();
    await write({ credsStore: "keelson-nowhere" });
    const missing = await refusal(context);
    expect(missing.error).toMatchObject({ code: "K3035" });
    expect(missing.text).toContain("docker-credential-keelson-nowhere");
    await pull(open.reference, context);
    await removeImages(bench.docker, [open.reference]);

    await write({ credsStore: "../../bin/sh" });
    expect((await refusal()).error).toMatchObject({ code: "K3034" });
    await writeFile(file(), "{");
    expect((await refusal()).text).toContain(`${file()} is not JSON`);
    await rm(file());
    expect((await refusal(contextWith({ isNamed: true }))).text).toContain(`there is no ${file()}`);
    const untrusted = new KeelsonError({ code: "K4016", message: "others can change it" });
    const requireTrusted = () => {
      throw untrusted;
    };
    await write({ auths: { [closed.host]: entry(right) } });
    expect((await refusal(contextWith({ requireTrusted }))).error).toMatchObject({ code: "K4016" });
  });

  test("says without a pull whether it gives its images, beside registries that give theirs", async () => {
    const open = await push("probed");
    const probe = async (images: string[]) =>
      probeRegistries(bench.context.engine, {
        images,
        logins: testLogins(file()),
        timeoutMs: 20_000,
        signal: bench.context.signal,
      });
    const images = [reference, open.reference, bench.image];
    expect(await probe(images)).toMatchObject(
      [
        { host: closed.host, isGiven: false, isPresent: false, login: null, fault: { code: "K3002" } },
        { host: registry.host, isGiven: true, isPresent: false, login: null, fault: null },
      ].toSorted((a, b) => (a.host < b.host ? -1 : 1)),
    );
    await write({ auths: { [closed.host]: entry(right) } });
    expect(await probe([reference])).toEqual([
      { host: closed.host, image: reference, isGiven: true, isPresent: false, login: file(), fault: null },
    ]);
    await write({ credsStore: "keelson-nowhere" });
    expect(await probe([open.reference, `${registry.host}/nothing:1`])).toMatchObject([
      { host: registry.host, image: open.reference, isGiven: true, fault: { code: "K3035" } },
    ]);
    await pull(open.reference);
    // By this name no registry gave it.
    await bench.docker.getImage(open.reference).tag({ repo: `${bench.environment}-mine`, tag: "1" });
    expect(await probe([`${bench.environment}-mine:1`])).toEqual([]);
    await removeImages(bench.docker, [`${bench.environment}-mine:1`]);
    // The one that is missing is the one that matters.
    expect(await probe([open.reference, `${registry.host}/nothing:1`])).toMatchObject([
      { image: `${registry.host}/nothing:1`, isGiven: false, isPresent: false, fault: { code: "K3002" } },
    ]);
    expect(await probe([open.reference])).toMatchObject([{ isPresent: true, isGiven: true }]);
    await removeImages(bench.docker, [open.reference]);
  });

  test("does not hold up a round that ends while a program is asked", async () => {
    await write({ credsStore: await writeHelper() });
    await rm(folder.join("answer"), { force: true });
    await promisify(execFile)("mkfifo", [folder.join("answer")]);
    const controller = new AbortController();
    const pulling = pull(reference, {
      ...contextWith({ helperTimeoutMs: 2_000 }),
      signal: controller.signal,
    });
    await waitFor(async () => (await calls()) === 1, { what: "the program to be asked" });
    controller.abort();
    await expect(pulling).rejects.toMatchObject({ code: "K3014" });
    await rm(folder.join("answer"));
  });
});

test("an image of Docker Hub comes from the mirror of the engine, whatever login there is", async () => {
  await using mirror = await startRegistry();
  await using folder = await makeTempFolder();
  const tag = `${bench.environment}/mirrored:1`;
  await loadImages(bench.docker, [await buildImageArchive({ tag })]);
  await mirror.push(bench.docker, tag);
  await removeImages(bench.docker, [tag]);
  await using own = await startEngine({ config: { "registry-mirrors": [mirror.origin] } });
  const engine = connectEngine({ dockerHost: own.dockerHost });
  const file = folder.join("config.json");
  const auth = Buffer.from("ada:of-docker-hub").toString("base64");
  for (const config of [{}, { auths: { "https://index.docker.io/v1/": { auth } } }]) {
    await writeFile(file, JSON.stringify(config));
    const before = mirror.requests.length;
    await pull(tag, { ...bench.context, engine, logins: testLogins(file) });
    const asked = mirror.requests.slice(before).map(({ path }) => path);
    expect(asked).toContain(`/v2/${bench.environment}/mirrored/manifests/1`);
    await removeImages(own.docker, [tag]);
  }
});

test("a registry that does not answer is K3003, which is tried again", async () => {
  const gone = await startRegistry();
  const { host } = gone;
  await gone[Symbol.asyncDispose]();
  await expect(pull(`${host}/x:1`)).rejects.toMatchObject({
    code: "K3003",
    outcome: { kind: "transient" },
    // Not once more which image could not be pulled.
    cause: { message: expect.not.stringContaining("could not pull") },
  });
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
