import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, startStateServer } from "@keelson/test/support";
import { probePush } from "./probe-push.ts";
import { startSshServer } from "./test-ssh-server.ts";

const timeoutMs = 60_000;

it("asks a server by one request, which changes nothing", async () => {
  await using state = await startStateServer({ credentials: { username: "ada", password: "s3cret" } });
  const { server, url, path, repository } = state;
  await using node = await makeTempFolder();
  const token = node.join("token");
  await writeFile(token, "ada:s3cret");
  const at = { url, credential: { file: token }, timeoutMs };
  expect(await probePush(at)).toEqual({ mayPush: "yes", reason: "the server lets a push begin" });
  expect(server.requests).toEqual([{ method: "GET", path: "/state.git/info/refs?service=git-receive-pack" }]);
  expect(await repository.git("--git-dir", path, "for-each-ref")).toBe("");

  await repository.git("--git-dir", path, "config", "http.receivepack", "false");
  expect(await probePush(at)).toMatchObject({ mayPush: "no", reason: expect.stringContaining("403") });
  await writeFile(token, "ada:wrong-s3cret");
  const refused = await probePush(at);
  expect(refused).toMatchObject({ mayPush: "no", reason: expect.stringContaining("401") });
  expect(refused.reason).not.toContain("s3cret");
  expect(await probePush({ ...at, url: server.url("none") })).toMatchObject({ mayPush: "no" });
});

it("knows nothing of a server that is away, hangs, fails or is none", async () => {
  await using state = await startStateServer();
  const { server, url } = state;
  const at = { url, timeoutMs };
  server.setBehaviour({ kind: "hang" });
  expect(await probePush({ ...at, timeoutMs: 500 })).toMatchObject({ mayPush: "unknown" });
  server.setBehaviour({ kind: "fail", status: 500 });
  expect(await probePush(at)).toMatchObject({ mayPush: "unknown", reason: expect.stringContaining("500") });
  await server.stop();
  expect(await probePush(at)).toMatchObject({ mayPush: "unknown" });
  expect(await probePush({ ...at, url: "ext::touch x" })).toMatchObject({ mayPush: "unknown" });
});

it("asks a repository on this machine", async () => {
  await using repository = await makeGitRepository();
  expect(await probePush({ url: repository.path, timeoutMs })).toMatchObject({ mayPush: "yes" });
  expect(await repository.git("for-each-ref")).toBe("");
  expect(await probePush({ url: `${repository.path}-none`, timeoutMs })).toMatchObject({ mayPush: "no" });
});

it("asks over ssh, and tells a login that may only read", async () => {
  await using ssh = await startSshServer();
  await using repository = await makeGitRepository();
  await using node = await makeTempFolder();
  const at = {
    url: `ssh://${ssh.user}@127.0.0.1:${ssh.port}${repository.path}`,
    credential: { file: ssh.identityFile },
    knownHostsFile: ssh.knownHostsFile,
    timeoutMs,
  };
  expect(await probePush(at)).toMatchObject({ mayPush: "yes" });
  // As a forge does it for a key that may only read.
  const shell = node.join("shell");
  const allowed = `case "$SSH_ORIGINAL_COMMAND" in git-upload-pack*) exec sh -c "$SSH_ORIGINAL_COMMAND";; esac`;
  await writeFile(shell, `#!/bin/sh\n${allowed}\necho "this key is read only" >&2\nexit 1\n`, {
    mode: 0o755,
  });
  const keys = join(dirname(ssh.identityFile), "authorized_keys");
  await writeFile(keys, `command="${shell}" ${await readFile(keys, "utf8")}`);
  expect(await probePush(at)).toEqual({
    mayPush: "no",
    reason: expect.stringMatching(/may read .* but not push to it: .*/),
  });
  const other = node.join("known_hosts");
  await writeFile(other, "");
  expect(await probePush({ ...at, knownHostsFile: other })).toMatchObject({
    mayPush: "unknown",
    reason: expect.stringContaining("host key"),
  });
});
