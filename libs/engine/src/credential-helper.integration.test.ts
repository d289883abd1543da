import { chmod, readFile, writeFile } from "node:fs/promises";

import { formatError } from "@keelson/model";
import { type TempFolder, isRunning, makeTempFolder, waitFor } from "@keelson/test/support";
import { expect, test } from "vitest";

import { askHelper } from "./credential-helper.ts";
import { registryKeyOf } from "./registry-key.ts";

const secret = "s3cret-of-a-program";

async function write(folder: TempFolder, script: string): Promise<string> {
  const path = folder.join("docker-credential-test");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function ask(script: string, timeoutMs = 30_000) {
  await using folder = await makeTempFolder();
  const program = await write(folder, script);
  return await askHelper({ program, registry: registryKeyOf("r.example/web:1"), timeoutMs });
}

async function failure(script: string, timeoutMs?: number): Promise<string> {
  const error: unknown = await ask(script, timeoutMs).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "K3035" });
  const text = formatError(error) + JSON.stringify(error);
  expect(text).not.toContain(secret);
  expect(text).toContain("r.example");
  return text;
}

test("a program is asked by the protocol, for a password or a token", async () => {
  const answer = `echo '{"ServerURL":"r.example","Username":"ada","Secret":"${secret}"}'`;
  expect(await ask(`[ "$1" = get ] && [ "$(cat)" = r.example ] && ${answer}`)).toEqual({
    serveraddress: "r.example",
    username: "ada",
    password: secret,
  });
  expect(await ask(answer.replace("ada", "<token>"))).toEqual({
    serveraddress: "r.example",
    identitytoken: secret,
  });
});

test("for Docker Hub it is asked by the key that Docker has", async () => {
  await using folder = await makeTempFolder();
  const program = await write(folder, `echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$(cat)\\"}"`);
  expect(await askHelper({ program, registry: registryKeyOf("web"), timeoutMs: 30_000 })).toMatchObject({
    password: "https://index.docker.io/v1/",
  });
});

test("it gets a closed environment", async () => {
  process.env["DOCKER_CONFIG_LEAK"] = "leaked";
  const script = `echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$(env | cut -d= -f1 | sort | tr '\\n' ' ')\\"}"`;
  try {
    const login = await ask(script);
    const names = (login?.password ?? "").trim().split(" ");
    // A shell sets the last three by itself.
    expect(names.filter((name) => !["OLDPWD", "PWD", "SHLVL", "_"].includes(name))).toEqual(["HOME", "PATH"]);
  } finally {
    delete process.env["DOCKER_CONFIG_LEAK"];
  }
});

test("credentials that are not found are none", async () => {
  expect(await ask("echo credentials not found in native keychain; exit 1")).toBeNull();
});

test("a program that fails is K3035, with nothing of what it printed", async () => {
  expect(await failure(`echo ${secret}; echo ${secret} >&2; exit 3`)).toContain("exit code 3");
  expect(await failure(`kill -9 $$`)).toContain("by a signal");
  expect(await failure(`echo '{"Secret": "${secret}"}'`)).toContain("no Username and Secret");
  expect(await failure(`echo '{"Secret": "${secret}"'`)).toContain("no Username and Secret");
  expect(await failure(`yes ${secret}`)).toContain("more than a login");
});

test("a program that is not there is K3035, which waits for a person", async () => {
  const call = { registry: registryKeyOf("r.example/web"), timeoutMs: 30_000 };
  await expect(askHelper({ ...call, program: "docker-credential-nowhere" })).rejects.toMatchObject({
    code: "K3035",
    outcome: { kind: "stalled" },
  });
});

test("a program that waits is ended, with what it has started", async () => {
  await using folder = await makeTempFolder();
  const pidFile = folder.join("pid");
  // Long enough for it to have started the other one.
  expect(await failure(`sleep 60 & echo $! > ${pidFile}; wait`, 5_000)).toContain("within 5 s");
  const pid = Number(await readFile(pidFile, "utf8"));
  expect(pid).toBeGreaterThan(1);
  await waitFor(async () => !(await isRunning(pid)), { what: "the program's child to end" });
});
