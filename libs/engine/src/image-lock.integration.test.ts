import { formatError } from "@keelson/model";
import { type Registry, publishImage, startRegistry } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { lockImages } from "./image-lock.ts";
import { credentials, lock, loginsFor, noLogins, signal } from "./test-lock.ts";

describe("a registry that asks for nothing", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => registry[Symbol.asyncDispose]());
  const publish = async (repository: string, platforms: readonly string[], words = "") =>
    publishImage({ origin: registry.origin, repository, tag: "1", platforms, words });

  test("an image of one platform has its manifest's digest and the platform of its configuration", async () => {
    const published = await publish("team/one", ["linux/arm64/v8"]);
    expect(await lock(`${registry.host}/team/one:1`)).toEqual(published);
  });

  test("an index has its own digest and an image for each platform, without what builders say of it", async () => {
    const published = await publish("many", ["linux/amd64", "linux/arm/v7", "linux/arm64/v8"]);
    expect(await lock(`${registry.host}/many:1`)).toEqual(published);
    expect(Object.keys(published.platforms)).toHaveLength(3);
  });

  test("a tag that is pushed again names another digest", async () => {
    const before = await publish("again", ["linux/amd64"], "first");
    expect(await lock(`${registry.host}/again:1`)).toEqual(before);
    const after = await publish("again", ["linux/amd64"], "second");
    expect(await lock(`${registry.host}/again:1`)).toEqual(after);
    expect(after.digest).not.toBe(before.digest);
  });

  test("what is not there is told, and hides nothing of the others", async () => {
    const published = await publish("there", ["linux/amd64"]);
    const references = ["no-such:1", "there:2", "there:1"].map((each) => `${registry.host}/${each}`);
    const { locked, faults } = await lockImages(references, { logins: noLogins, signal });
    expect(locked).toEqual(new Map([[`${registry.host}/there:1`, published]]));
    expect([...faults.values()].map(({ code }) => code)).toEqual(["K3002", "K3002"]);
  });

  test("a registry that is away or too slow is an error", async () => {
    const reference = `${registry.host}/away:1`;
    await publish("away", ["linux/amd64"]);
    registry.setBehaviour({ kind: "hang" });
    await expect(lock(reference, { timeoutMs: 300 })).rejects.toMatchObject({ code: "K3003" });
    registry.setBehaviour({ kind: "cut", afterBytes: 20 });
    await expect(lock(reference)).rejects.toMatchObject({ code: "K3003" });
    registry.setBehaviour({ kind: "fail", status: 502 });
    await expect(lock(reference)).rejects.toMatchObject({ code: "K3003" });
    registry.setBehaviour({ kind: "normal" });
    await registry.stop();
    const error: unknown = await lock(reference).catch((caught: unknown) => caught);
    await registry.start();
    expect(formatError(error)).toContain("ECONNREFUSED");
    expect(error).toMatchObject({ code: "K3003" });
  });

  test("the end of the command ends the wait", async () => {
    const ending = new AbortController();
    registry.setBehaviour({ kind: "hang" });
    const asked = lock(`${registry.host}/hang:1`, { signal: ending.signal });
    ending.abort();
    await expect(asked).rejects.toMatchObject({ code: "K3014" });
    registry.setBehaviour({ kind: "normal" });
  });
});

describe("a registry with a password", () => {
  let registry: Registry;
  let reference: string;
  beforeAll(async () => {
    registry = await startRegistry({ credentials });
    reference = `${registry.host}/shut:1`;
    await publishImage({
      origin: registry.origin,
      repository: "shut",
      tag: "1",
      platforms: ["linux/amd64"],
      credentials,
    });
  });
  afterAll(async () => registry[Symbol.asyncDispose]());

  test("it gives the image to who is logged in", async () => {
    await using found = await loginsFor(registry.host);
    expect(Object.keys((await lock(reference, found))?.platforms ?? {})).toEqual(["linux/amd64"]);
  });

  test("without a login, and with a wrong one, the error says as whom it was asked", async () => {
    await expect(lock(reference)).rejects.toMatchObject({
      code: "K3002",
      message: expect.stringContaining("has no login for it"),
    });
    await using found = await loginsFor(registry.host, { ...credentials, password: "wr0ng-password" });
    const error: unknown = await lock(reference, found).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "K3002", message: expect.stringContaining("with the login from") });
    expect(formatError(error)).not.toContain("wr0ng-password");
  });
});
