import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { outputOf } from "../../support/index.ts";
import { type Platform, withPlatform } from "../platform.ts";
import { isReady, readOwnStatus, readReport } from "./node-status.ts";
import { startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;
const compose = "packages/web/compose.yaml";

interface Fault {
  what: string;
  code: string;
  options: string;
  happens: (disk: string) => Promise<unknown>;
  mend: (disk: string) => Promise<unknown>;
}

const faults: Fault[] = [
  { what: "is full", code: "K4001", options: "size=8m", happens: fill, mend: clear },
  { what: "has no inode left", code: "K4001", options: "size=64m,nr_inodes=160", happens: fill, mend: clear },
  {
    what: "is read-only",
    code: "K4002",
    options: "size=8m",
    happens: async (disk) => outputOf(["mount", "-o", "remount,ro", disk]),
    mend: async (disk) => outputOf(["mount", "-o", "remount,rw", disk]),
  },
];

describe("an agent whose state folder is on a disk that", () => {
  it.each(faults)(
    "$what must heal what was stopped, say $code, and upgrade once it is mended",
    async (fault) => {
      await withPlatform({ release, agent: { interval: "1s" } }, async (platform) => {
        await using stack = new AsyncDisposableStack();
        stack.use(await mountDisk(platform, fault.options));
        await using agent = startStaying(platform.config);
        const own = async () => readOwnStatus(platform);
        const web = async () => platform.container("web/web");
        await agent.until("readiness", async () => isReady(await own()));
        const before = await web();

        await fault.happens(platform.stateDir);
        try {
          await platform.docker.getContainer(before.id).stop({ t: 0 });
          await agent.until("the repair", async () => (await web()).state === "running");
          await agent.until("the code", () => agent.log().includes(`"code":"${fault.code}"`));
          const pushed = await platform.upgrade({
            [compose]: (text) => text.replace(/image: .*/, "image: IMAGES/web:2"),
          });
          await agent.until("the commit to be seen", () =>
            agent.log().includes(`round: commit ${pushed.slice(0, 8)}`),
          );
          await agent.until("the end of that round", () => {
            const [, after = ""] = agent.log().split(`round: commit ${pushed.slice(0, 8)}`);
            return after.includes(`"event":"round-ended"`);
          });
          expect(await web()).toMatchObject({ id: before.id, state: "running" });
        } finally {
          await fault.mend(platform.stateDir);
        }
        await agent.until("the upgrade", async () => {
          const { image, state } = await web();
          return image === platform.image("web:2") && state === "running" && isReady(await own());
        });
        await agent.until("the report", async () => isReady((await readReport(platform)).status));
        expect((await platform.containers()).length).toBe(1);
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
