import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findComposeBinary, isTriedCompose, readComposeVersion } from "./binary.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-test-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("findComposeBinary", () => {
  it("must find Compose on a machine that runs these tests", async () => {
    const binary = await findComposeBinary(process.env);
    expect(await readComposeVersion(binary)).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("must take KEELSON_COMPOSE before a plugin, and never pass over it in silence", async () => {
    const chosen = await program("chosen", "true");
    const plugin = await program(".docker/cli-plugins/docker-compose", "true");
    expect(await findComposeBinary({ KEELSON_COMPOSE: chosen, HOME: folder })).toBe(chosen);
    expect(await findComposeBinary({ HOME: folder })).toBe(plugin);
    expect(await findComposeBinary({ KEELSON_COMPOSE: "", HOME: folder })).toBe(plugin);
    await expect(
      findComposeBinary({ KEELSON_COMPOSE: join(folder, "nowhere"), HOME: folder }),
    ).rejects.toMatchObject({
      code: "K1421",
      message: expect.stringContaining("nowhere"),
    });
    await expect(findComposeBinary({ KEELSON_COMPOSE: folder })).rejects.toMatchObject({ code: "K1421" });
    await chmod(chosen, 0o600);
    await expect(findComposeBinary({ KEELSON_COMPOSE: chosen })).rejects.toMatchObject({ code: "K1421" });
  });
});

describe("readComposeVersion", () => {
  it.each(["2.26.0", "v2.40.3", "2.40.3-3", "2.99.0+ds1", "5.0.0", "5.7.1"])(
    "must accept %s",
    async (text) => {
      const binary = await program("accepted", `echo ${text}`);
      expect(await readComposeVersion(binary)).toBe(/\d+\.\d+\.\d+/.exec(text)?.[0]);
    },
  );

  it.each(["2.25.9", "1.29.2", "nonsense", ""])(
    "must refuse %s with K1421 and what to install",
    async (text) => {
      const binary = await program("refused", `echo ${text}`);
      await expect(readComposeVersion(binary)).rejects.toMatchObject({
        code: "K1421",
        hint: expect.stringContaining("2.26"),
        outcome: { kind: "stalled" },
      });
    },
  );

  it("must refuse a program that fails", async () => {
    const binary = await program("failing", "echo 2.40.0; exit 1");
    await expect(readComposeVersion(binary)).rejects.toMatchObject({ code: "K1421" });
  });
});

describe("isTriedCompose", () => {
  it.each([
    ["2.25.9", false],
    ["2.26.0", true],
    ["2.40.3", true],
    ["5.5.9", true],
    ["5.6.0", false],
  ])("must tell whether %s is of the versions that the tests were run with", (version, isTried) => {
    expect(isTriedCompose(version)).toBe(isTried);
  });
});

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}
