import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { outputOf } from "../../support/index.ts";
import { isReady } from "../node-status.ts";
import { type Platform, withNode } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

interface Fault {
  what: string;
  code: string;
  /** What stands in the report: the failure that the round met. */
  words: string;
  options: string;
  happens: (disk: string) => Promise<unknown>;
  mend: (disk: string) => Promise<unknown>;
}

const faults: Fault[] = [
  { what: "is full", code: "K4001", words: "no space left", options: "size=8m", happens: fill, mend: clear },
  {
    what: "has no inode left",
    code: "K4001",
    words: "no space left",
    options: "size=64m,nr_inodes=160",
    happens: fill,
    mend: clear,
  },
  {
    what: "is read-only",
    code: "K4002",
    words: "read-only",
    options: "size=8m",
    happens: async (disk) => outputOf(["mount", "-o", "remount,ro", disk]),
    mend: async (disk) => outputOf(["mount", "-o", "remount,rw", disk]),
  },
];

describe("an agent whose state folder is on a disk that", () => {
  it.each(faults)(
    "$what must heal what was stopped, say $code, and upgrade once it is mended",
    async (fault) => {
      const prepare = async (platform: Platform) => mountDisk(platform, fault.options);
      await withNode({ release: oneService, prepare }, async (node) => {
        const { agent } = node;
        const web = async () => node.container("web/web");
        await node.untilReady();
        const before = await web();

        await fault.happens(node.stateDir);
        try {
          await node.stop("web/web");
          await agent.until("the repair", async () => (await web()).state === "running");
          await agent.until("the code", () => agent.log().includes(`"code":"${fault.code}"`));
          const pushed = await node.upgrade(useImage("web:2"));
          await agent.until("the commit to be seen", () =>
            agent.log().includes(`round: commit ${pushed.slice(0, 8)}`),
          );
          await agent.until("the end of that round", () => {
            const [, after = ""] = agent.log().split(`round: commit ${pushed.slice(0, 8)}`);
            return after.includes(`"event":"round-ended"`);
          });
          expect(await web()).toMatchObject({ id: before.id, state: "running" });

          const said = new RegExp(`^error\\[${fault.code}\\] `);
          const local = await node.keelson(["status", "--local", "--config", node.config]);
          expect([local.exitCode, local.stderr]).toEqual([1, expect.stringMatching(said)]);
          expect(local.stdout).toMatch(/^\S+ {2}unknown {2}no round can write its status/);
          const sync = await node.keelson(["sync", "--config", node.config]);
          expect([sync.exitCode, sync.stdout]).toEqual([1, ""]);
          expect(sync.stderr).toMatch(said);
          expect(sync.stderr).toContain("cause: not ready, says the agent: ");
          const doctor = await node.keelson(["doctor", "--config", node.config]);
          expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringMatching(/state folder/)]);
          await agent.until("the report of it", async () => {
            const { status } = await node.report();
            return !isReady(status) && JSON.stringify(status.errors).includes(fault.words);
          });
        } finally {
          await fault.mend(node.stateDir);
        }
        await agent.until("the upgrade", async () => {
          const { image, state } = await web();
          return image === node.image("web:2") && state === "running" && isReady(await node.status());
        });
        await agent.until("the report", async () => isReady((await node.report()).status));
        expect((await node.containers()).length).toBe(1);
      });
    },
  );
});

/** Makes the state folder a disk of its own, which stays for as long as a container holds a file of it. */
async function mountDisk({ stateDir }: Platform, options: string): Promise<AsyncDisposable> {
  await mkdir(stateDir, { mode: 0o700 });
  await outputOf(["mount", "-t", "tmpfs", "-o", `${options},mode=0700`, "tmpfs", stateDir]);
  return { [Symbol.asyncDispose]: async () => void (await outputOf(["umount", "--lazy", stateDir])) };
}

/** Takes its last block or its last inode. */
async function fill(disk: string): Promise<void> {
  const take = async (name: string, bytes: number) =>
    writeFile(join(disk, name), new Uint8Array(bytes)).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== "ENOSPC",
    );
  let hasRoom = await take("filler", 16 * 1024 * 1024);
  for (let count = 0; hasRoom; count++) hasRoom = await take(`filler-${count}`, 1);
}

async function clear(disk: string): Promise<void> {
  const names = (await readdir(disk)).filter((name) => name.startsWith("filler"));
  await Promise.all(names.map(async (name) => rm(join(disk, name))));
}
