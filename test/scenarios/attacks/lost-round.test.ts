import { readFile, rm, writeFile } from "node:fs/promises";

import { describe, expect, it } from "vitest";

import { makeTempFolder } from "../../support/index.ts";
import { conditionOf, reasonOf } from "../node-status.ts";
import { type Node, withNode } from "../platform.ts";

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

/** A node with what is loaded into each process of a round before its program, while the file `flag` is there. */
async function withFault(
  preload: (flag: string) => string,
  run: (node: Node, flag: string) => Promise<void>,
  nodeOptions: readonly string[] = [],
) {
  await using folder = await makeTempFolder("keelson-fault-");
  const [flag, script] = [folder.join("fault"), folder.join("fault.mjs")];
  await writeFile(flag, "");
  await writeFile(script, preload(flag));
  const env = { NODE_OPTIONS: [`--import=${script}`, ...nodeOptions].join(" ") };
  const options = { release, secrets: { app: { token } }, process: { env } };
  await withNode(options, async (node) => run(node, flag));
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

async function expectTold(node: Node, { code, says }: { code: string; says: RegExp }) {
  const { agent } = node;
  const error = expect.objectContaining({ code, message: expect.stringMatching(says), outcome: "transient" });
  await agent.until("the status", async () => (await node.status()).errors[0]?.code === code);
  const own = await node.status();
  expect(own.errors).toEqual([error]);
  expect(conditionOf(own, "Ready")).toBe("false");
  expect(reasonOf(own, "Ready")).toBe(code);
  expect(own.source.observed).toBe(await node.repository.head());
  await agent.until("the report", async () => (await node.report()).status.errors[0]?.code === code);
  expect((await node.report()).status.errors).toEqual([error]);
  const shown = await node.keelson(["status", "--config", node.config, "--local"]);
  expect(shown.stdout).toMatch(says);
  expect(shown.stdout).toContain(code);
  const monitored = await node.ask("/readyz");
  expect(monitored.status).toBe(503);
  expect(monitored.body).toMatch(says);
  expect(agent.log()).toMatch(
    new RegExp(`"event":"round-lost","code":"${code}","message":"[^"]*${says.source}`),
  );
  expect(agent.log()).not.toContain(token);
  expect(JSON.stringify(await node.status())).not.toContain(token);
}

/** Without a person: what the fault was is gone. */
async function expectMended(node: Node) {
  const { agent } = node;
  await agent.until("the container", async () =>
    (await node.containers()).some(({ state }) => state === "running"),
  );
  await node.exec("web/web", "touch", "/tmp/healthy");
  await node.untilReady();
  expect((await node.status()).errors).toEqual([]);
  await agent.until("the good news", async () => node.isCalledReady());
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
    await withFault(preload, async (node, flag) => {
      await expectTold(node, { code, says });
      const { count } = await node.report();
      const before = node.agent.count("round-lost");
      await node.agent.until("it to be lost again", () => node.agent.count("round-lost") > before);
      // The same is not told again and again in Git.
      expect((await node.report()).count).toBe(count);
      await rm(flag);
      await expectMended(node);
    });
  });

  it("by its memory, which is really used up", async () => {
    const preload = (flag: string) =>
      inRounds(flag, onceFetched("const kept = []; for (;;) kept.push(new Array(1e5).fill({}));"));
    await withFault(
      preload,
      async (node, flag) => {
        await expectTold(node, { code: "K9047", says: /ended by SIG(?:ABRT|TRAP): .* memory was used up/ });
        const sync = await node.keelson(["sync", "--config", node.config]);
        expect(sync).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("K9047") });
        await rm(flag);
        await expectMended(node);
        expect((await node.ask("/readyz")).body).toBe("1 instance is as desired\n");
      },
      ["--max-old-space-size=128"],
    );
  });

  it("by a kill in the middle of its wait, also when its status was good before", async () => {
    await withFault(
      () => "",
      async (node) => {
        const { agent } = node;
        await expectMended(node);
        await node.exec("web/web", "rm", "/tmp/healthy");
        await node.upgrade({ "packages/web/compose.yaml": (text) => text.replace("web:1", "web:2") });
        const image = node.image("web:2");
        await agent.until("the new one", async () =>
          (await node.containers()).some((one) => one.image === image),
        );
        const children = await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8");
        process.kill(Number(children.trim().split(" ")[0]), "SIGKILL");
        await expectTold(node, { code: "K9047", says: /ended by SIGKILL/ });
        await expectMended(node);
        expect(await node.container("web/web")).toMatchObject({ image });
      },
    );
  });

  it("also when what tells it dies of the same: by the log and the monitor", async () => {
    const preload = (flag: string) =>
      inRounds(flag, `process.kill(process.pid, "SIGKILL");`).replace(/ && !process.argv.some\(.*\)\);/, ";");
    await withFault(preload, async (node, flag) => {
      const { agent } = node;
      await agent.until("the loss", () => agent.count("round-lost") > 0);
      await agent.until("a pause", () => agent.count("waiting") > 0);
      // Nobody is at the port before a round has told it: that comes with the first that lives.
      await rm(flag);
      await expectMended(node);
      await writeFile(flag, "");
      process.kill(agent.pid, "SIGHUP");
      await agent.until("the bad news", async () => (await node.ask("/readyz")).status === 503);
      expect((await node.ask("/readyz")).body).toMatch(/^the round was ended by SIGKILL: .*\n$/);
      await rm(flag);
      await agent.until("the good news", async () => node.isCalledReady());
    });
  });
});
