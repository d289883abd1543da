import { expect, it } from "vitest";

import { withPlatform } from "../platform.ts";
import { oneService } from "../releases.ts";
import { expectFault, expectReady } from "./outcome.ts";

it("a node name that the environment does not have must be said by the node and in Git, and stop nothing", async () => {
  await withPlatform({ release: oneService }, async (platform) => {
    expectReady(await platform.reconcile());
    const before = await platform.containers();
    await platform.configure((config) => ({ ...config, node: "nowhere" }));
    const round = await platform.reconcile();
    expectFault(round, { code: "K1111", says: "has no node `nowhere`" });
    expect(await platform.containers()).toEqual(before);
    const local = await platform.keelson(["status", "--local", "--config", platform.config]);
    expect([local.exitCode, local.stdout]).toEqual([1, expect.stringContaining("error[K1111]")]);
    const fleet = await platform.keelson(["status"]);
    expect(fleet.exitCode).toBe(1);
    expect(fleet.stdout).toMatch(/ nowhere +stalled .* K1111 environment \S+ has no node `nowhere`/);
  });
});
