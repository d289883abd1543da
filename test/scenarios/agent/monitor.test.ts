import { readFile, readdir, readlink, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findFreePort, uniqueName } from "../../support/index.ts";
import { usePlatform, withPlatform } from "../platform.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;
const compose = "packages/web/compose.yaml";
const monitor = { socket: join(tmpdir(), `${uniqueName("m")}.sock`), port: await findFreePort() };

describe("the monitor of an agent", () => {
  const platform = usePlatform({ release, agent: { interval: "1s", monitor } });
  let agent: StayingAgent;
  const ready = async () => (await ask("/readyz")).status === 200;

  beforeAll(async () => {
    agent = startStaying(platform().config);
    await agent.until("readiness", ready);
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(monitor.socket, { force: true });
  });

  it.each([{ socketPath: monitor.socket }, { host: "127.0.0.1", port: monitor.port }])(
    "must answer at %o",
    async (at) => {
      expect(await ask("/healthz", at)).toEqual({ status: 200, body: "ok\n" });
      expect(await ask("/readyz", at)).toEqual({ status: 200, body: "1 instance is as desired\n" });
      const metrics = await ask("/metrics", at);
      expect(metrics.status).toBe(200);
      expect(metrics.body).toContain("keelson_agent_ready 1\n");
      expect((await ask("/other", at)).status).toBe(404);
    },
  );

  it("must tell Prometheus what was done, in its format", async () => {
    const { environment, node } = platform();
    const lines = (await ask("/metrics")).body.split("\n");
    for (const line of lines)
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) .*|[a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? \d+(?:\.\d+)?|)$/,
      );
    expect(lines).toContain('keelson_agent_rounds_total{result="lost"} 0');
    expect(lines).toContain('keelson_agent_operations_total{result="failed"} 0');
    expect(await metric('operations_total{result="done"}')).toBeGreaterThan(2);
    expect(await metric("last_round_duration_seconds")).toBeGreaterThan(0);
    const polled = { count: await metric("polls_total"), seconds: await metric("poll_seconds_total") };
    await agent.until("a poll", async () => (await metric("polls_total")) > polled.count);
    expect(await metric("poll_seconds_total")).toBeGreaterThan(polled.seconds);
    expect(Math.abs((await metric("last_ready_timestamp_seconds")) - Date.now() / 1000)).toBeLessThan(120);
    expect(lines).toContainEqual(
      expect.stringMatching(
        `^keelson_agent_build_info{version="[0-9.]+",environment="${environment}",node="${node}"} 1$`,
      ),
    );
    const resident = Number(
      lines.find((line) => line.startsWith("process_resident_memory_bytes"))?.split(" ")[1],
    );
    expect(resident).toBeGreaterThan(10_000_000);
  });

  it("must say why the node is not ready, and count what failed", async () => {
    await platform().upgrade({ [compose]: (text) => text.replace(/image: .*/, "image: IMAGES/absent:1") });
    await agent.until("the bad news", async () => !(await ready()));
    expect((await ask("/readyz")).body).toMatch(/^\S.*\n$/);
    expect((await ask("/healthz")).status).toBe(200);
    expect(await metric("ready")).toBe(0);
    await agent.until("the failure", async () => (await metric('operations_total{result="failed"}')) > 0);
    await platform().repository.git("revert", "--no-edit", "HEAD");
    await platform().repository.push();
    await agent.until("readiness", ready);
    expect(await metric("ready")).toBe(1);
  });

  it("must count the polls that had no answer", async () => {
    const before = await metric('poll_failures_total{target="git"}');
    await platform().server.stop();
    const isCounted = async () => (await metric('poll_failures_total{target="git"}')) >= before + 2;
    await agent.until("two failures", isCounted);
    await platform().server.start();
    expect(await metric('poll_failures_total{target="engine"}')).toBe(0);
  });
});

it("an agent must listen nowhere but for its own user, unless it is told to", async () => {
  await withPlatform({ release, agent: { interval: "1s" } }, async (platform) => {
    await using agent = startStaying(platform.config);
    await agent.until("the service", async () => (await platform.containers()).length === 1);
    await agent.until("a socket", async () => (await listSockets(agent.pid)).length > 0);
    const control = join(platform.stateDir, "agent.sock");
    expect(await listSockets(agent.pid)).toEqual([expect.stringMatching(`^${control}\\.\\d+$`)]);
  });
});

async function metric(name: string): Promise<number> {
  const line = (await ask("/metrics")).body
    .split("\n")
    .find((each) => each.startsWith(`keelson_agent_${name} `));
  return Number(line?.split(" ").at(-1));
}

async function ask(
  path: string,
  at: object = { socketPath: monitor.socket },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, path, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    asked.on("error", reject).setTimeout(10_000, () => asked.destroy(new Error("no answer")));
    asked.end();
  });
}

/** Where a process listens: paths of Unix sockets, and addresses of TCP as the kernel writes them. */
async function listSockets(pid: number): Promise<string[]> {
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map(async (fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const rows = async (name: string) =>
    (await readFile(`/proc/${pid}/net/${name}`, "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
  const acceptsConnections = "00010000";
  const unix = (await rows("unix")).filter((row) => row[3] === acceptsConnections && inodes.has(row[6]));
  const tcp = (await Promise.all([rows("tcp"), rows("tcp6")])).flat();
  const listening = tcp.filter((row) => row[3] === "0A" && inodes.has(row[9]));
  return [...unix.map((row) => row[7] ?? ""), ...listening.map((row) => row[1] ?? "")];
}
