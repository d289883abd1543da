import { existsSync } from "node:fs";
import { chmod, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";

import { decodeText } from "@keelson/model";
import { expect, it } from "vitest";

import { findFreePort, makeGitRepository, makeTempFolder, outputOf } from "@keelson/test/support";
import { fetchSnapshot } from "./fetch-snapshot.ts";
import type { FetchSnapshotInput } from "./fetch-snapshot.ts";
import { publishStatus } from "./publish-status.ts";
import { readOwnStatus } from "./read-own-status.ts";
import { startSshServer } from "./test-ssh-server.ts";

/** An sshd, and a repository on this machine that it reaches, with one commit. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const ssh = stack.use(await startSshServer());
  const repository = stack.use(await makeGitRepository());
  const node = stack.use(await makeTempFolder("keelson-node-"));
  const commit = await repository.commit({ files: { a: "1" } });
  const url = `ssh://${ssh.user}@127.0.0.1:${ssh.port}${repository.path}`;
  const cleanUp = stack.move();
  const { knownHostsFile, identityFile } = ssh;
  return {
    ssh,
    repository,
    node,
    commit,
    url,
    fetch: (options: Partial<FetchSnapshotInput> & { from?: string; key?: string } = {}) =>
      fetchSnapshot({
        source: {
          url: options.from ?? url,
          branch: "main",
          credential: { file: options.key ?? identityFile },
        },
        gitDir: node.join("git"),
        timeoutMs: 60_000,
        knownHostsFile,
        ...options,
      }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

it("brings a branch by ssh, follows it, and pushes a status", async () => {
  await using at = await setUp();
  const first = await at.fetch();
  expect(first).toMatchObject({ commit: at.commit, fetched: true });
  expect(decodeText((await first.readFiles(["a"])).get("a")?.bytes ?? new Uint8Array())).toBe("1");
  expect(await at.fetch()).toMatchObject({ commit: at.commit, fetched: false });
  const next = await at.repository.commit({ files: { a: "2" } });
  expect(await at.fetch()).toMatchObject({ commit: next, fetched: true });

  const { url, ssh } = at;
  const credential = { file: ssh.identityFile };
  const status = {
    as: "notes",
    environment: "lab",
    node: "n1",
    commit: next,
    files: () => ({ json: "{}" }),
  } as const;
  const gitDir = at.node.join("status");
  const place = { url, credential, gitDir, knownHostsFile: ssh.knownHostsFile, timeoutMs: 60_000 };
  const publish = () => publishStatus({ ...status, ...place });
  expect(await publish()).toMatchObject({ pushed: true });
  expect(await publish()).toMatchObject({ pushed: false });
  expect(await at.repository.git("notes", "--ref", "keelson/lab/n1", "show", next)).toBe("{}");
  await rm(gitDir, { recursive: true });
  expect(await readOwnStatus({ ...status, ...place })).toMatchObject({ commit: next, json: "{}" });
});

it("asks no host that is not known, and none with another key, and notes neither", async () => {
  await using at = await setUp();
  const known = at.node.join("known_hosts");
  await writeFile(known, "");
  const refused = {
    code: "K2001",
    outcome: { kind: "stalled" },
    message: expect.stringContaining("host key"),
  };
  await expect(at.fetch({ knownHostsFile: known })).rejects.toMatchObject(refused);
  expect(await readFile(known, "utf8")).toBe("");
  const key = (await readFile(`${at.ssh.identityFile}.pub`, "utf8")).trim();
  const other = `[127.0.0.1]:${at.ssh.port} ${key}\n`;
  await writeFile(known, other);
  await expect(at.fetch({ knownHostsFile: known })).rejects.toMatchObject(refused);
  expect(await readFile(known, "utf8")).toBe(other);
  expect(existsSync(at.node.join("git"))).toBe(false);
});

it("is told apart: another key, no repository, nothing there, a server that hangs", async () => {
  await using at = await setUp();
  const key = at.node.join("key");
  await outputOf(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  await expect(at.fetch({ key })).rejects.toMatchObject({ code: "K2002", outcome: { kind: "stalled" } });
  await expect(at.fetch({ from: `${at.url}-none` })).rejects.toMatchObject({ code: "K2003" });
  const port = await findFreePort();
  const elsewhere = at.url.replace(`:${at.ssh.port}/`, `:${port}/`);
  await expect(at.fetch({ from: elsewhere })).rejects.toMatchObject({
    code: "K2001",
    outcome: { kind: "transient" },
  });
  const silent = createServer(() => {});
  silent.listen(port, "127.0.0.1");
  await once(silent, "listening");
  await expect(at.fetch({ from: elsewhere, timeoutMs: 700 })).rejects.toMatchObject({ code: "K2005" });
  silent.close();
});

it("asks nobody for the passphrase of a key", async () => {
  await using at = await setUp();
  const key = at.node.join("key");
  await outputOf(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret phrase", "-f", key]);
  await expect(at.fetch({ key })).rejects.toMatchObject({ code: "K2002" });
});

it("lets no file's name say anything to a shell or to ssh", async () => {
  await using at = await setUp();
  const hit = at.node.join("hit");
  for (const name of [
    `/x;touch ${hit}`,
    `/x -oProxyCommand=touch\t${hit}`,
    `/$(touch ${hit})`,
    "-x",
    "relative",
    "/%h",
  ]) {
    await expect(at.fetch({ knownHostsFile: name })).rejects.toMatchObject({ code: "K2006" });
    await expect(at.fetch({ key: name })).rejects.toMatchObject({ code: "K2006" });
  }
  await writeFile(at.node.join("touch"), `#!/bin/sh\ntouch ${hit}\n`);
  await chmod(at.node.join("touch"), 0o755);
  const paths = [`${at.repository.path};touch ${hit}`, `${at.repository.path}$(touch ${hit})`];
  for (const path of paths) {
    const scp = `${at.ssh.user}@127.0.0.1:${path}`;
    const urls = [scp, `ssh://${at.ssh.user}@127.0.0.1:${at.ssh.port}${encodeURI(path)}`];
    for (const from of urls) await expect(at.fetch({ from })).rejects.toThrow(/./);
  }
  const source = { url: at.url, branch: "main", credential: { command: ["touch", hit] } };
  await expect(at.fetch({ source })).rejects.toMatchObject({ code: "K2002" });
  expect(await readdir(at.node.path)).not.toContain("hit");
});
