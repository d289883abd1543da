import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { endProcess, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { expectReady, expectUntouched } from "./outcome.ts";

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
    const worked = rounds.filter(({ status }) => status.operation !== null);
    expect(worked).toHaveLength(1);
  });

  it("must not wait for ever: the command must name who is at work (K4020)", async () => {
    await platform().upgrade({ [compose]: (text) => text.replace("second", "third") });
    const before = await platform().containers();
    const lock = join(platform().stateDir, "lock");
    const holder = spawn("flock", ["--exclusive", lock, "sleep", "60"], { stdio: "ignore", detached: true });
    await once(holder, "spawn");
    const held = async () => (await once(spawn("flock", ["--nonblock", lock, "true"]), "exit"))[0] === 1;
    try {
      await waitFor(held, { what: "the lock to be held" });
      const refused = await platform().keelson(["apply", "--config", platform().config]);
      await expectUntouched(platform(), before);
      expect(refused.stderr).toContain("error[K4020]");
      expect(refused.stderr).toContain("sleep (process ");
      expect(refused.exitCode).toBe(1);
    } finally {
      process.kill(-(holder.pid ?? 0), "SIGKILL");
      await endProcess(holder.pid ?? 0);
    }
    const done = await platform().keelson(["apply", "--config", platform().config]);
    expect(done.exitCode).toBe(0);
    expect((await platform().exec("web/web", "hostname")).trim()).toBe("third");
  });
});
