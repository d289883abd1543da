import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { findFreePort } from "../../support/index.ts";
import { conditionOf, isReady, readOwnStatus, readReport } from "../agent/node-status.ts";
import { type StayingAgent, startStaying } from "../agent/staying-agent.ts";
import { type Platform, withPlatform } from "../platform.ts";

/** `web` is healthy when the test says so: a round waits for it. */
const release = `
-- release.yaml --
secrets: { token: {} }
-- packages/web/package.yaml --
files: [{ template: token.liquid, to: secret/token, mode: "0400", onChange: recreate }]
-- packages/web/token.liquid --
{{ secrets.token }}
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
    volumes: ["./secret:/secret:ro"]
    healthcheck: { test: [CMD, test, -e, /tmp/healthy], interval: 1s, timeout: 2s, start_period: 2m, retries: 9 }
`;
const token = "a-token-that-nobody-may-read";

interface Lost {
  platform: Platform;
  agent: StayingAgent;
  ready: () => Promise<{ status: number; text: string }>;
}

/** An agent that stays and its monitor, with what is loaded into each process of a round before its program. */
async function withAgent(
  preload: (flag: string) => string,
  run: (lost: Lost & { flag: string }) => Promise<void>,
  nodeOptions: readonly string[] = [],
) {
  const port = await findFreePort();
  const agent = { interval: "1s", monitor: { port } };
  await withPlatform({ release, agent, secrets: { app: { token } } }, async (platform) => {
    const [flag, script] = [join(platform.folder, "fault"), join(platform.folder, "fault.mjs")];
    await writeFile(flag, "");
    await writeFile(script, preload(flag));
    const env = { NODE_OPTIONS: [`--import=${script}`, ...nodeOptions].join(" ") };
    await using agent = startStaying(platform.config, [], env);
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      return { status: response.status, text: await response.text() };
    };
    await run({ platform, agent, ready, flag });
  });
}

/** In a round, and not in the process that tells of one, while the file is there. */
const inRounds = (flag: string, script: string) => `
  import { existsSync } from "node:fs";
  const isRound = process.argv.includes("reconcile") && !process.argv.some((arg) => arg.startsWith("--lost"));
  if (isRound && existsSync(${JSON.stringify(flag)})) { ${script} }
`;

/** When the round has opened the node's secrets and read its revision. */
const onceFetched = (script: string) => `
  const send = process.send.bind(process);
  process.send = (message, ...rest) => {
    if (message.type === "fetched") setImmediate(() => { ${script} });
    return send(message, ...rest);
  };
`;

async function expectTold({ platform, agent, ready }: Lost, { code, says }: { code: string; says: RegExp }) {
  const error = expect.objectContaining({ code, message: expect.stringMatching(says), outcome: "transient" });
  await agent.until("the status", async () => (await readOwnStatus(platform)).errors[0]?.code === code);
  const own = await readOwnStatus(platform);
  expect(own.errors).toEqual([error]);
  expect(conditionOf(own, "Ready")).toBe(`false ${code}`);
  expect(own.source.observed).toBe(await platform.repository.head());
  await agent.until("the report", async () => (await readReport(platform)).status.errors[0]?.code === code);
  expect((await readReport(platform)).status.errors).toEqual([error]);
  const shown = await platform.keelson(["status", "--config", platform.config, "--local"]);
  expect(shown.stdout).toMatch(says);
  expect(shown.stdout).toContain(code);
  const monitored = await ready();
  expect(monitored.status).toBe(503);
  expect(monitored.text).toMatch(says);
  expect(agent.log()).toMatch(
    new RegExp(`"event":"round-lost","code":"${code}","message":"[^"]*${says.source}`),
  );
  expect(agent.log()).not.toContain(token);
  expect(JSON.stringify(await readOwnStatus(platform))).not.toContain(token);
}

/** Without a person: what the fault was is gone. */
async function expectMended({ platform, agent, ready }: Lost) {
  await agent.until("the container", async () =>
    (await platform.containers()).some(({ state }) => state === "running"),
  );
  await platform.exec("web/web", "touch", "/tmp/healthy");
  await agent.until("readiness", async () => isReady(await readOwnStatus(platform)));
  expect((await readOwnStatus(platform)).errors).toEqual([]);
  await agent.until("the good news", async () => (await ready()).status === 200);
}

describe("a round that is lost must be told with its cause, and the node be kept", () => {
  it.each([
    [
      "an error that nobody catches",
      `throw new TypeError("with " + SECRET);`,
      "K9046",
      /crashed: TypeError at /,
    ],
    [
      "a stream that nobody listens to",
      `net.connect("/nowhere/" + SECRET);`,
      "K9046",
      /crashed: Error ENOENT/,
    ],
    ["a promise that nobody waits for", `Promise.reject(new Error(SECRET));`, "K9046", /crashed: Error at /],
    [
      "a signal from outside",
      `process.kill(process.pid, "SIGKILL");`,
      "K9047",
      /ended by SIGKILL: .* memory is short/,
    ],
    ["an end without a result", `process.exit(0);`, "K9047", /ended with code 0 and without a result/],
  ])("by %s, each time at the same place", async (_what, script, code, says) => {
    const fault = script.replaceAll("SECRET", JSON.stringify(token));
    const preload = (flag: string) => `import net from "node:net";${inRounds(flag, onceFetched(fault))}`;
    await withAgent(preload, async (lost) => {
      await expectTold(lost, { code, says });
      const { count } = await readReport(lost.platform);
      const rounds = () => lost.agent.events().filter((event) => event === "round-lost").length;
      const before = rounds();
      await lost.agent.until("it to be lost again", () => rounds() > before);
      // The same is not told again and again in Git.
      expect((await readReport(lost.platform)).count).toBe(count);
      await rm(lost.flag);
      await expectMended(lost);
    });
  });

  it("by its memory, which is really used up", async () => {
    const preload = (flag: string) =>
      inRounds(flag, onceFetched("const kept = []; for (;;) kept.push(new Array(1e5).fill({}));"));
    await withAgent(
      preload,
      async (lost) => {
        await expectTold(lost, { code: "K9047", says: /ended by SIG(?:ABRT|TRAP): .* memory was used up/ });
        const sync = await lost.platform.keelson(["sync", "--config", lost.platform.config]);
        expect(sync).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("K9047") });
        await rm(lost.flag);
        await expectMended(lost);
        expect((await lost.ready()).text).toBe("1 instance is as desired\n");
      },
      ["--max-old-space-size=128"],
    );
  });

  it("by a kill in the middle of its wait, also when its status was good before", async () => {
    await withAgent(
      () => "",
      async (lost) => {
        const { platform, agent } = lost;
        await expectMended(lost);
        await platform.exec("web/web", "rm", "/tmp/healthy");
        await platform.upgrade({ "packages/web/compose.yaml": (text) => text.replace("web:1", "web:2") });
        const image = platform.image("web:2");
        await agent.until("the new one", async () =>
          (await platform.containers()).some((one) => one.image === image),
        );
        const children = await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8");
        process.kill(Number(children.trim().split(" ")[0]), "SIGKILL");
        await expectTold(lost, { code: "K9047", says: /ended by SIGKILL/ });
        await expectMended(lost);
        expect(await platform.container("web/web")).toMatchObject({ image });
      },
    );
  });

  it("also when what tells it dies of the same: by the log and the monitor", async () => {
    const preload = (flag: string) =>
      inRounds(flag, `process.kill(process.pid, "SIGKILL");`).replace(/ && !process.argv.some\(.*\)\);/, ";");
    await withAgent(preload, async (lost) => {
      const { agent, ready, flag } = lost;
      await agent.until("the loss", () => agent.events().includes("round-lost"));
      await agent.until("a pause", () => agent.events().includes("waiting"));
      // Nobody is at the port before a round has told it: that comes with the first that lives.
      await rm(flag);
      await expectMended(lost);
      await writeFile(flag, "");
      process.kill(agent.pid, "SIGHUP");
      await agent.until("the bad news", async () => (await ready()).status === 503);
      expect((await ready()).text).toMatch(/^the round was ended by SIGKILL: .*\n$/);
      await rm(flag);
      await agent.until("the good news", async () => (await ready()).status === 200);
    });
  });
});
