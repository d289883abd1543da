import { readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { findFreePort } from "../../support/index.ts";
import { ask } from "../page.ts";
import { useNode, withPlatform } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

const port = await findFreePort();

describe("the monitor of an agent", () => {
  const node = useNode({ release: oneService, monitor: { port } });
  const metric = async (name: string) => node().metric(name);
  const ready = async () => node().isCalledReady();

  beforeAll(async () => node().agent.until("readiness", ready));

  it.each(["socket", "port"])("must answer at its %s", async (place) => {
    const at = place === "port" ? { host: "127.0.0.1", port } : { socketPath: node().monitorSocket };
    expect(await ask(at, "/healthz")).toEqual({ status: 200, body: "ok\n" });
    expect(await ask(at, "/readyz")).toEqual({ status: 200, body: "1 instance is as desired\n" });
    const metrics = await ask(at, "/metrics");
    expect(metrics.status).toBe(200);
    expect(metrics.body).toContain("keelson_agent_ready 1\n");
    expect((await ask(at, "/other")).status).toBe(404);
  });

  it("must tell Prometheus what was done, in its format", async () => {
    const { environment, node: name } = node();
    const lines = (await node().ask("/metrics")).body.split("\n");
    for (const line of lines)
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) .*|[a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? \d+(?:\.\d+)?|)$/,
      );
    expect(lines).toContain('keelson_agent_rounds_total{result="lost"} 0');
    expect(lines).toContain('keelson_agent_operations_total{result="failed"} 0');
    expect(await metric('operations_total{result="done"}')).toBeGreaterThan(2);
    expect(await metric("last_round_duration_seconds")).toBeGreaterThan(0);
    const polled = { count: await metric("polls_total"), seconds: await metric("poll_seconds_total") };
    await node().agent.until("a poll", async () => (await metric("polls_total")) > polled.count);
    expect(await metric("poll_seconds_total")).toBeGreaterThan(polled.seconds);
    expect(Math.abs((await metric("last_ready_timestamp_seconds")) - Date.now() / 1000)).toBeLessThan(600);
    expect(lines).toContainEqual(
      expect.stringMatching(
        `^keelson_agent_build_info{version="[0-9.]+",environment="${environment}",node="${name}"} 1$`,
      ),
    );
    const resident = Number(
      lines.find((line) => line.startsWith("process_resident_memory_bytes"))?.split(" ")[1],
    );
    expect(resident).toBeGreaterThan(10_000_000);
  });

  it("must say why the node is not ready, and count what failed", async () => {
    await node().upgrade(useImage("absent:1"));
    await node().agent.until("the bad news", async () => !(await ready()));
    expect((await node().ask("/readyz")).body).toMatch(/^\S.*\n$/);
    expect((await node().ask("/healthz")).status).toBe(200);
    expect(await metric("ready")).toBe(0);
    await node().agent.until(
      "the failure",
      async () => (await metric('operations_total{result="failed"}')) > 0,
    );
    await node().repository.git("revert", "--no-edit", "HEAD");
    await node().repository.push();
    await node().agent.until("readiness", ready);
    expect(await metric("ready")).toBe(1);
  });

  it("must count the polls that had no answer", async () => {
    const before = await metric('poll_failures_total{target="git"}');
    await node().server.stop();
    const isCounted = async () => (await metric('poll_failures_total{target="git"}')) >= before + 2;
    await node().agent.until("two failures", isCounted);
    await node().server.start();
    expect(await metric('poll_failures_total{target="engine"}')).toBe(0);
  });
});

it("an agent must listen nowhere but for its own user, unless it is told to", async () => {
  await withPlatform({ release: oneService, agent: { interval: "1s" } }, async (platform) => {
    await using agent = platform.startAgent();
    await agent.until("the service", async () => (await platform.containers()).length === 1);
    await agent.until("a socket", async () => (await listSockets(agent.pid)).length > 0);
    const control = join(platform.stateDir, "agent.sock");
    expect(await listSockets(agent.pid)).toEqual([expect.stringMatching(`^${control}\\.\\d+$`)]);
  });
});

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
