import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, stat, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { connect } from "node:net";

import { makeTempFolder, waitFor } from "@keelson/test/support";
import { describe, expect, it } from "vitest";

import { openLocalServer } from "./local-server.ts";

const answer: Parameters<typeof openLocalServer>[1] = (_request, response) => void response.end("ok");

describe("a server at a Unix socket", () => {
  it("must be for those only whom its mode lets in, and be gone when it is closed", async () => {
    await using folder = await makeTempFolder();
    const socket = folder.join("s");
    const server = await openLocalServer({ socket, mode: 0o600 }, answer);
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect(await server.isReachable()).toBe(true);
    await server.close();
    await expect(stat(socket)).rejects.toThrow("ENOENT");
  });

  it("must make its folder for its owner only, where it is its own", async () => {
    await using folder = await makeTempFolder();
    const socket = folder.join("state/s");
    await expect(openLocalServer({ socket, mode: 0o600 }, answer)).rejects.toThrow("listen");
    const server = await openLocalServer({ socket, mode: 0o600, isFolderOwn: true }, answer);
    expect((await stat(folder.join("state"))).mode & 0o777).toBe(0o700);
    await server.close();
  });

  it("must take the place of one whose process is gone, and of no other", async () => {
    await using folder = await makeTempFolder();
    const socket = folder.join("s");
    const script = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => console.log("up"))`;
    const other = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(other.stdout, "data");
    await expect(openLocalServer({ socket, mode: 0o600 }, answer)).rejects.toThrow("another process answers");
    other.kill("SIGKILL");
    await once(other, "exit");
    const server = await openLocalServer({ socket, mode: 0o600 }, answer);
    expect(await server.isReachable()).toBe(true);
    await server.close();
  });

  it("must change nothing of what somebody puts in its place while it is made", async () => {
    await using folder = await makeTempFolder();
    const [socket, file] = [folder.join("s"), folder.join("file")];
    await writeFile(file, "precious", { mode: 0o600 });
    const made = JSON.stringify(`${socket}.${process.pid}`);
    const swap = `try { unlinkSync(${made}); symlinkSync(${JSON.stringify(file)}, ${made}); } catch {}`;
    const script = `const { unlinkSync, symlinkSync } = require("node:fs"); console.log("up"); for (;;) ${swap}`;
    const other = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await once(other.stdout, "data");
      for (let round = 0; round < 200; round++) {
        const server = await openLocalServer({ socket, mode: 0o666 }, answer).catch(() => null);
        await server?.close();
        await rm(socket, { force: true });
      }
    } finally {
      other.kill("SIGKILL");
      await once(other, "exit");
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("must leave a file alone that is no socket, and the socket of one that came later", async () => {
    await using folder = await makeTempFolder();
    await writeFile(folder.join("file"), "precious");
    await expect(openLocalServer({ socket: folder.join("file"), mode: 0o600 }, answer)).rejects.toThrow(
      "no socket",
    );
    const socket = folder.join("s");
    const first = await openLocalServer({ socket, mode: 0o600 }, answer);
    await rm(socket);
    const second = await openLocalServer({ socket, mode: 0o600 }, answer);
    expect(await first.isReachable()).toBe(false);
    await first.close();
    expect(await second.isReachable()).toBe(true);
    await second.close();
  });
});

it("connections that ask nothing must not keep others waiting for long", async () => {
  await using folder = await makeTempFolder();
  const socket = folder.join("s");
  const server = await openLocalServer({ socket, mode: 0o600 }, answer);
  const idle = Array.from({ length: 40 }, () => connect(socket).on("error", () => {}));
  try {
    await Promise.all(idle.map(async (each) => once(each, "connect")));
    // Node's own limit for a request to arrive is a minute, which it checks every 30 s.
    const answered = waitFor(async () => ask(socket), { what: "an answer", timeoutMs: 25_000 });
    expect(await answered).toBe(true);
  } finally {
    for (const each of idle) each.destroy();
    await server.close();
  }
});

async function ask(socketPath: string): Promise<boolean> {
  const asked = get({ socketPath, agent: false });
  const [response] = await once(asked, "response");
  response.resume();
  return response.statusCode === 200;
}
