import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { runAgent } from "../../support/index.ts";
import { withNode } from "../platform.ts";
import { composeFile, oneService, useImage } from "../releases.ts";

const token = "t0ken-of-the-webhook";
const path = "/hook/s3cret-part-of-the-url";

interface Posted {
  authorization: string | undefined;
  notification: Record<string, unknown>;
}

/** A webhook that answers with a status that the test sets; null: it takes the notification and never answers. */
async function startWebhook() {
  const posted: Posted[] = [];
  let status: number | null = 204;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { authorization } = request.headers;
      const isRight = request.method === "POST" && request.url === path;
      posted.push({ authorization, notification: JSON.parse(body) });
      if (status !== null) response.writeHead(isRight ? status : 404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    posted,
    answer: (next: number | null) => {
      status = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A program that appends what it reads to a file; it fails while there is a file `broken`. */
async function writeProgram(folder: string) {
  const program = join(folder, "tell");
  const told = join(folder, "told");
  const broken = join(folder, "broken");
  await writeFile(told, "");
  const script = `#!/bin/sh\n[ "$1" = "an argument" ] || exit 7\n[ ! -e '${broken}' ] || exit 1\ncat >> '${told}'\n`;
  await writeFile(program, script);
  await chmod(program, 0o700);
  return {
    command: [program, "an argument"],
    breakIt: async () => writeFile(broken, ""),
    mendIt: async () => rm(broken),
    told: async (): Promise<Record<string, unknown>[]> =>
      (await readFile(told, "utf8"))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}

const statesOf = (notifications: readonly Record<string, unknown>[]) =>
  notifications.map(({ before, state }) => [before, state]);

describe("notify", () => {
  it("must tell a webhook and a program once that the node became ready, failed and came back", async () => {
    await using webhook = await startWebhook();
    let program: Awaited<ReturnType<typeof writeProgram>> | undefined;
    const told = async () => (await program?.told()) ?? [];
    await withNode(
      {
        release: oneService,
        prepare: async (platform) => {
          program = await writeProgram(platform.folder);
          const file = join(platform.folder, "webhook-token");
          await writeFile(file, `${token}\n`, { mode: 0o600 });
          const { command } = program;
          await platform.configure({
            notify: { command, webhook: { url: webhook.url, credential: { file } } },
          });
        },
      },
      async (node) => {
        await node.agent.until("the first notifications", async () => (await told()).length === 1);
        await node.agent.until("the first post", () => webhook.posted.length === 1);
        const good = await node.repository.head();
        expect(webhook.posted[0]).toEqual({
          authorization: `Bearer ${token}`,
          notification: {
            v: 1,
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            at: expect.stringMatching(/^20\d\d-.*Z$/),
            environment: node.environment,
            node: node.node,
            state: "ready",
            before: null,
            reason: "Applied",
            message: "1 instance is as desired",
            commit: good,
          },
        });
        expect(await told()).toEqual([webhook.posted[0]?.notification]);
        // Rounds that find nothing new tell nothing.
        await node.push({ note: "1" });
        await node.agent.until("the next commit", async () => (await node.status()).source.applied !== good);
        const bad = await node.upgrade({
          [composeFile]: (text) => text.replace("init: true", "privileged: true"),
        });
        await node.agent.until("the bad news", () => webhook.posted.length === 2);
        expect(webhook.posted[1]?.notification).toMatchObject({
          before: "ready",
          state: "stalled",
          reason: "K1401",
          message: expect.stringContaining("privileged"),
          commit: bad,
        });
        await node.repository.git("revert", "--no-edit", "HEAD");
        await node.repository.push();
        await node.agent.until("the good news", () => webhook.posted.length === 3);
        await runAgent(["suspend", "--reason", "a look at the disk", "--config", node.config]);
        await node.agent.until("the suspension", () => webhook.posted.length === 4);
        await node.rests();
        const states = [
          [null, "ready"],
          ["ready", "stalled"],
          ["stalled", "ready"],
          ["ready", "suspended"],
        ];
        expect(statesOf(webhook.posted.map(({ notification }) => notification))).toEqual(states);
        expect(statesOf(await told())).toEqual(states);
        for (const secret of [token, path]) expect(node.agent.log()).not.toContain(secret);
        expect(node.agent.count("notified")).toBe(8);
      },
    );
  });

  it("must hold up no round while it is not taken, and tell it after a kill of the agent", async () => {
    await using webhook = await startWebhook();
    let program: Awaited<ReturnType<typeof writeProgram>> | undefined;
    webhook.answer(null);
    await withNode(
      {
        release: oneService,
        prepare: async (platform) => {
          program = await writeProgram(platform.folder);
          await program.breakIt();
          const { command } = program;
          await platform.configure({ notify: { command, webhook: { url: webhook.url } } });
        },
      },
      async (node) => {
        await node.agent.until("the first attempts", () => node.agent.count("notify-failed") > 0);
        await node.agent.until("a post without an answer", () => webhook.posted.length > 0);
        const next = await node.upgrade(useImage("web:2"));
        await node.agent.until("the upgrade", async () => (await node.status()).source.applied === next);
        expect(webhook.posted).toHaveLength(1);
        expect(node.agent.log()).toContain("K9086");
        expect(node.agent.log()).not.toContain(path);
        await node.agent.end("SIGKILL");
        await node.restartAgent(async () => {
          webhook.answer(200);
          await program?.mendIt();
        });
        await node.agent.until("both notifications", () => node.agent.count("notified") === 2);
        await node.rests();
        // The one without an answer was taken, for all that the agent knows, by nobody.
        expect(statesOf(webhook.posted.map(({ notification }) => notification))).toEqual([
          [null, "ready"],
          [null, "ready"],
        ]);
        expect(new Set(webhook.posted.map(({ notification }) => notification["id"])).size).toBe(1);
        expect(statesOf((await program?.told()) ?? [])).toEqual([[null, "ready"]]);
      },
    );
  });
});
