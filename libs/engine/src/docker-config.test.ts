import { writeFile } from "node:fs/promises";

import { formatError } from "@keelson/model";
import { makeTempFolder } from "@keelson/test/support";
import { expect, test } from "vitest";

import { type DockerConfig, helperOf, loginOf, readDockerConfig } from "./docker-config.ts";
import { registryKeyOf } from "./registry-key.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const hub = "https://index.docker.io/v1/";
const path = "/root/.docker/config.json";

function configOf(config: Partial<DockerConfig>): DockerConfig {
  return { auths: {}, credHelpers: {}, credsStore: "", ...config };
}

function find(image: string, auths: Record<string, unknown>) {
  return loginOf(configOf({ auths }), { registry: registryKeyOf(image), path });
}

test.each([
  ["web:1", hub, "docker.io"],
  ["docker.io/library/web", hub, "docker.io"],
  ["index.docker.io/team/web@sha256:0", hub, "docker.io"],
  ["team/web", hub, "docker.io"],
  ["registry.example/web:1", "registry.example", "registry.example"],
  ["localhost/web", "localhost", "localhost"],
  ["registry.example:5000/team/web:1", "registry.example:5000", "registry.example:5000"],
])("%s is of the registry %s", (image, key, host) => {
  expect(registryKeyOf(image)).toMatchObject({ key, host });
});

test("an entry is a pair in base64, a user with a password, or a token", () => {
  const serveraddress = "r.example";
  const pair = { serveraddress, username: "ada", password: "pass:word" };
  expect(find("r.example/x", { "r.example": { auth: base64("ada:pass:word") } })).toEqual(pair);
  expect(find("r.example/x", { "r.example": { auth: base64("ada:pass:word\0\0") } })).toEqual(pair);
  expect(find("r.example/x", { "r.example": { username: "ada", password: "pass:word" } })).toEqual(pair);
  expect(find("r.example/x", { "r.example": { auth: base64("ada:"), identitytoken: "t" } })).toEqual({
    serveraddress,
    username: "ada",
    identitytoken: "t",
  });
  // What docker login leaves for a program to keep.
  expect(find("r.example/x", { "r.example": {} })).toBeNull();
});

test("Docker Hub has a key of its own, and nobody else gets its login", () => {
  const auths = { [hub]: { auth: base64("hub:h") }, "r.example:5000": { auth: base64("own:o") } };
  expect(find("web:1", auths)).toEqual({ serveraddress: hub, username: "hub", password: "h" });
  expect(find("r.example:5000/web:1", auths)).toMatchObject({ username: "own" });
  for (const image of ["r.example/web", "r.example:5001/web", "quay.example/web", "docker.io.example/web"]) {
    expect(find(image, auths)).toBeNull();
  }
});

test("keys of earlier versions of Docker are URLs, and the exact key wins", () => {
  const auths = {
    "https://r.example/v2/": { auth: base64("old:o") },
    "s.example/path": { auth: base64("p:p") },
  };
  expect(find("r.example/web", auths)).toMatchObject({ username: "old", serveraddress: "r.example" });
  expect(find("s.example/web", auths)).toMatchObject({ username: "p" });
  expect(find("r.example/web", { ...auths, "r.example": { auth: base64("new:n") } })).toMatchObject({
    username: "new",
  });
});

test("a program for one registry wins over that for all, and an empty name means the file", () => {
  const config = configOf({ credsStore: "pass", credHelpers: { "r.example": "ecr-login", "f.example": "" } });
  expect(helperOf(config, registryKeyOf("r.example/x"))).toBe("ecr-login");
  expect(helperOf(config, registryKeyOf("f.example/x"))).toBeNull();
  expect(helperOf(config, registryKeyOf("x"))).toBe("pass");
  expect(helperOf(configOf({ credHelpers: { [hub]: "hub" } }), registryKeyOf("x"))).toBe("hub");
  expect(helperOf(configOf({}), registryKeyOf("x"))).toBeNull();
});

test("a login that is no pair is K3034, which does not show it", () => {
  for (const auth of [base64("secret-without-colon"), base64(":secret"), "%%%"]) {
    expect(() => find("r.example/x", { "r.example": { auth } })).toThrow(
      expect.objectContaining({ code: "K3034", message: `${path} has no readable login for r.example` }),
    );
  }
});

test("a file that is no config.json is K3034, and one that is not there is none", async () => {
  await using folder = await makeTempFolder();
  expect(await readDockerConfig(folder.join("missing.json"))).toBeNull();
  await writeFile(folder.join("broken.json"), '{"auths": {"r.example": {"auth": "c2VjcmV0"}}');
  await writeFile(folder.join("large.json"), " ".repeat(2 ** 20 + 1));
  for (const file of [folder.join("broken.json"), folder.join("large.json"), folder.path, "/dev/null"]) {
    const error: unknown = await readDockerConfig(file).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "K3034", outcome: { kind: "stalled" } });
    expect(formatError(error)).not.toContain("c2VjcmV0");
  }
  await writeFile(folder.join("list.json"), "[1]");
  expect(await readDockerConfig(folder.join("list.json"))).toEqual(configOf({}));
});
