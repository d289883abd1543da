import { writeFile } from "node:fs/promises";

import { makeTempFolder } from "@keelson/test/support";
import { expect, test } from "vitest";

import type { RegistryLogin } from "./docker-config.ts";
import { askRegistry } from "./registry-ask.ts";
import { RegistryRefusal } from "./registry-refusal.ts";
import { testLogins } from "./test-bench.ts";

const reference = "r.example/web:1";
const { signal } = new AbortController();

/** Asks with what a config.json has; each time that the registry refuses, the next password is written. */
async function passwordsTried(passwords: readonly [string, ...string[]], right: string) {
  await using folder = await makeTempFolder();
  const file = folder.join("config.json");
  const write = async (password: string) =>
    writeFile(file, JSON.stringify({ auths: { "r.example": { username: "ada", password } } }));
  const [first, ...next] = passwords;
  await write(first);
  const tried: string[] = [];
  const ask = async (login: RegistryLogin | null) => {
    tried.push(login?.password ?? "");
    if (login?.password === right) return;
    const password = next.shift();
    if (password !== undefined) await write(password);
    throw new RegistryRefusal("refused");
  };
  const end = await askRegistry({ logins: testLogins(file), reference, signal }, ask).then(
    () => "given",
    (error: unknown) => error,
  );
  return { tried, end };
}

test("a login that is refused is read anew and tried once more", async () => {
  expect(await passwordsTried(["old", "new"], "new")).toEqual({ tried: ["old", "new"], end: "given" });
  const { tried, end } = await passwordsTried(["old", "new", "newest"], "newest");
  expect(tried).toEqual(["old", "new"]);
  expect(end).toMatchObject({ code: "K3002" });
});

test("the same login is not tried again, because registries lock accounts", async () => {
  const { tried, end } = await passwordsTried(["wrong"], "right");
  expect(tried).toEqual(["wrong"]);
  expect(end).toMatchObject({ code: "K3002", outcome: { kind: "stalled" } });
});

test("another failure is nobody's login", async () => {
  const failure = new Error("away");
  const asking = askRegistry(
    { logins: testLogins("/nonexistent/config.json"), reference, signal },
    async () => Promise.reject(failure),
  );
  await expect(asking).rejects.toBe(failure);
});
