import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { endProcess, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { expectFault, expectReady, expectUntouched } from "./outcome.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", hostname: first }
  side: { image: "IMAGES/side:1" }
`;

const compose = "packages/web/compose.yaml";

describe("two agents on one state folder", () => {
  const platform = usePlatform({ release });

  beforeAll(async () => {
    expectReady(await platform().reconcile());
  });

  it("must take turns: one does the work, the other finds it done", async () => {
    await platform().upgrade({ [compose]: (text) => text.replace("first", "second") });
    const rounds = await Promise.all([platform().reconcile(), platform().reconcile()]);
    expect((await platform().containers()).map(({ name }) => name)).toEqual([
      `${platform().project("web")}-side-1`,
      `${platform().project("web")}-web-1`,
    ]);
    for (const round of rounds) expectReady(round);
    const worked = rounds.filter(({ worked }) => worked);
    expect(worked).toHaveLength(1);
  });

  it("must not wait for ever, and name who is at work (K4020)", async () => {
    await platform().upgrade({ [compose]: (text) => text.replace("second", "third") });
    const before = await platform().containers();
    await using stack = new AsyncDisposableStack();
    stack.use(await holdLock());
    const round = platform().startRound();
    const refused = platform().keelson(["apply", "--config", platform().config]);
    await waitFor(async () => isWaiting(round.pid), { what: "the agent to wait for the lock" });
    process.kill(round.pid, "SIGTERM");
    const stopped = await round.ended;
    await expectUntouched(platform(), before);
    expectFault(stopped, { code: "K9013", says: "stopped by SIGTERM" });

    const { exitCode, stderr } = await refused;
    await expectUntouched(platform(), before);
    expect(stderr).toContain("error[K4020]");
    expect(stderr).toContain("sleep (process ");
    expect(exitCode).toBe(1);
  });

  it("must go on once the other is gone", async () => {
    const done = await platform().keelson(["apply", "--config", platform().config]);
    expect((await platform().exec("web/web", "hostname")).trim()).toBe("third");
    expect(done.exitCode).toBe(0);
  });

  async function holdLock(): Promise<AsyncDisposable> {
    const lock = join(platform().stateDir, "lock");
    const holder = spawn("flock", ["--exclusive", "--no-fork", lock, "sleep", "1000"], { stdio: "ignore" });
    await once(holder, "spawn");
    const isHeld = async () => (await once(spawn("flock", ["--nonblock", lock, "true"]), "exit"))[0] === 1;
    await waitFor(isHeld, { what: "the lock to be held" });
    return { [Symbol.asyncDispose]: async () => endProcess(holder.pid ?? 0) };
  }
});

/** It has started the program that waits. */
async function isWaiting(pid: number): Promise<boolean> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  const names = await Promise.all(
    children.filter((child) => child !== "").map(async (child) => readFile(`/proc/${child}/comm`, "utf8")),
  );
  return names.includes("flock\n");
}
