import { chmod, readFile, writeFile } from "node:fs/promises";

import { formatError } from "@keelson/model";
import type { Credential } from "@keelson/model";
import { expect, it } from "vitest";

import { isRunning, makeTempFolder, waitFor } from "@keelson/test/support";
import { readCredential } from "./credential.ts";

async function refusal(credential: Credential, timeoutMs = 60_000): Promise<string> {
  return await readCredential(credential, timeoutMs).then(
    () => "no error",
    (error: unknown) => formatError(error),
  );
}

it.each([
  ["s3cret-token\n", { username: "x-access-token", password: "s3cret-token" }],
  ["ada:s3cret:with:colons\r\n", { username: "ada", password: "s3cret:with:colons" }],
  ["s3cret with spaces", { username: "x-access-token", password: "s3cret with spaces" }],
])("reads a file with %j", async (content, login) => {
  await using folder = await makeTempFolder();
  await writeFile(folder.join("token"), content);
  expect(await readCredential({ file: folder.join("token") }, 60_000)).toEqual(login);
});

it("reads the first line that a command prints, and gives it no shell", async () => {
  const command = ["printf", "%s\\n%s\\n", "$HOME", "second"];
  expect(await readCredential({ command }, 60_000)).toEqual({
    username: "x-access-token",
    password: "$HOME",
  });
});

it("refuses a file that cannot be read, is empty, is a folder or holds more than a credential", async () => {
  await using folder = await makeTempFolder();
  await writeFile(folder.join("empty"), "\n\n");
  await writeFile(folder.join("lines"), "s3cret\ns3cret\n");
  await writeFile(folder.join("large"), "s3cret".repeat(10_000));
  for (const name of ["missing", "empty", "lines", "large", "."]) {
    const text = await refusal({ file: folder.join(name) });
    expect(text).toContain("error[K2002]");
    expect(text).toContain("source.credential");
    expect(text).not.toContain("s3cret");
  }
});

it("says nothing of what a failing command was told or printed", async () => {
  await using folder = await makeTempFolder();
  await writeFile(folder.join("locked"), "");
  await chmod(folder.join("locked"), 0o600);
  const failing = ["sh", "-c", "echo s3cret; echo s3cret >&2; exit 3", "s3cret"];
  for (const command of [
    failing,
    ["keelson-has-no-such-program", "s3cret"],
    [folder.join("locked"), "s3cret"],
  ]) {
    const text = await refusal({ command });
    expect(text).toContain("error[K2002]");
    expect(text).not.toContain("s3cret");
  }
});

it("ends a command that waits, and what that has started", async () => {
  await using folder = await makeTempFolder();
  const pidFile = folder.join("pid");
  const command = ["sh", "-c", 'sleep 60 & echo $! > "$0"; wait', pidFile];
  // Long enough for the command to have started the other one.
  expect(await refusal({ command }, 5_000)).toContain("error[K2005]");
  const pid = Number(await readFile(pidFile, "utf8"));
  expect(pid).toBeGreaterThan(1);
  await waitFor(async () => !(await isRunning(pid)), { what: "the command's child to end" });
});
