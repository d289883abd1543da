import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { expectReady } from "../faults/outcome.ts";
import { type Platform, withPlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";
import { composeUp, idsOf } from "./compose-up.ts";
import { release, text } from "./running-project.ts";

/** A project of which one container was adopted and one made by Keelson, on a node that has lost its state folder since. */
async function withLoss(run: (platform: Platform, before: string[][]) => Promise<void>): Promise<void> {
  const environment = { instances: { web: { package: "app/web", adopt: true } } };
  await withPlatform({ release, environment, agent: { allow: { adopt: "all" } } }, async (platform) => {
    await composeUp(platform, { text });
    expectReady(await platform.reconcile());
    await platform.upgrade({ [composeFile]: (file) => file.replace("page:1", "page:2") });
    expectReady(await platform.reconcile());
    const before = await idsOf(platform);
    await rm(platform.stateDir, { recursive: true });
    await run(platform, before);
    expect(await idsOf(platform)).toEqual(before);
    expect(await platform.exec("web/page", "cat", "/data/it")).toBe("precious\n");
    expect(await platform.exec("web/store", "cat", "/store/it")).toBe("precious\n");
  });
}

/** Two rounds, of which the second one finds nothing to do. */
async function expectRecovery(platform: Platform): Promise<void> {
  expectReady(await platform.reconcile());
  const second = await platform.reconcile();
  expectReady(second);
  expect(second.worked).toBe(false);
}

describe("a project with adopted containers and others, and a lost state folder", () => {
  it("must be the node's own again by the agent alone", async () => {
    await withLoss(async (platform) => {
      await expectRecovery(platform);
      // Two containers and the network.
      expect((await platform.status()).made).toHaveLength(3);
    });
  });

  it("must be given back as it runs, and be left alone for good", async () => {
    await withLoss(async (platform) => {
      await expectRecovery(platform);
      const say = async (from: string, to: string) => {
        await platform.push({ [platform.paths.environment]: (file) => file.replace(from, to) });
        return await platform.reconcile();
      };
      expectReady(await say("adopt: true", "state: released"));
      expect((await platform.reconcile()).worked).toBe(false);
      expectReady(await say("state: released", "state: absent"));
    });
  });

  it("must be planned without any effect, and recovered by keelson apply, as the agent does it", async () => {
    await withLoss(async (platform) => {
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect([plan.exitCode, plan.stderr]).toEqual([0, ""]);
      expect(plan.stdout).toContain("takes over 1 container, 1 network, 2 volumes; 0 restarts");
      expect(plan.stdout).not.toMatch(/K30\d\d/);
      expect(existsSync(platform.stateDir)).toBe(false);

      const applied = await platform.keelson(["apply", "--config", platform.config]);
      expect([applied.exitCode, applied.stderr]).toEqual([0, expect.not.stringContaining("error")]);
      const again = await platform.keelson(["apply", "--config", platform.config]);
      expect(again.exitCode).toBe(0);
      await expectRecovery(platform);
    });
  });

  it("must be left alone while Git is away, whoever looks, and recovered when it is back", async () => {
    await withLoss(async (platform, before) => {
      await platform.server.stop();
      for (const command of ["plan", "apply"]) {
        const { exitCode, stderr } = await platform.keelson([command, "--config", platform.config]);
        expect([exitCode, stderr]).toEqual([1, expect.stringContaining("error[K4018]")]);
      }
      expect((await platform.reconcile()).exitCode).toBe(1);
      expect(await idsOf(platform)).toEqual(before);
      await platform.server.start();
      await expectRecovery(platform);
    });
  });

  it("must be recovered by the agent after an apply that knew of no status", async () => {
    await withLoss(async (platform) => {
      const untold = await platform.configure({ report: { as: "none" } }, `${platform.config}.untold`);
      for (const round of ["first", "second"]) {
        const blind = await platform.keelson(["apply", "--config", untold]);
        const text = blind.stdout + blind.stderr;
        expect({ round, exitCode: blind.exitCode, text }).toEqual({
          round,
          exitCode: 1,
          text: expect.stringContaining("[K3025]"),
        });
        expect(text).not.toMatch(/K302[12]/);
      }
      await expectRecovery(platform);
    });
  });

  it.each(["adopting web", "done adopting web"])(
    "must be recovered when the agent is killed at %s",
    async (when) => {
      await withLoss(async (platform, before) => {
        const agent = platform.startRound();
        await agent.said(when);
        await agent.kill();
        await agent.ended;
        expect(await idsOf(platform)).toEqual(before);
        await expectRecovery(platform);
      });
    },
  );

  it("must be left alone while the key is away, too", async () => {
    await withLoss(async (platform, before) => {
      const key = join(platform.folder, "node.key");
      await rename(key, `${key}.away`);
      for (const _ of [1, 2]) {
        const round = await platform.reconcile();
        expect(round.exitCode).toBe(1);
        expect(round.status.errors.map(({ code }) => code)).toEqual(["K5006"]);
      }
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect([plan.exitCode, plan.stderr]).toEqual([1, expect.stringContaining("error[K5006]")]);
      expect(await idsOf(platform)).toEqual(before);
      expect(existsSync(key)).toBe(false);
      await rename(`${key}.away`, key);
      await expectRecovery(platform);
    });
  });
});
