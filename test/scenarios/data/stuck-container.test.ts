import { describe, expect, it } from "vitest";
import { leaveTask } from "../../support/index.ts";
import { expectReady } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true, stop_grace_period: 1s, network_mode: none, volumes: [/data] }
`;

describe("a container that its engine can no longer start", () => {
  const platform = usePlatform({ release, engine: "own" });

  it("must be made anew with what it wrote into its anonymous volume", async () => {
    expectReady(await platform().reconcile());
    await platform().exec("web/app", "sh", "-c", "echo precious > /data/note");
    const before = await platform().container("web/app");
    await platform().docker.getContainer(before.id).kill();
    await using stack = new AsyncDisposableStack();
    stack.use(await leaveTask(platform().engine(), before.id));
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(1);
    expect((await platform().status()).errors.map(({ code }) => code)).toEqual(["K3009"]);
    expect(await platform().container("web/app")).toMatchObject({ id: before.id, mounts: before.mounts });
    const healed = await platform().reconcile();
    expect(healed.output).toContain("the container is dead");
    expectReady(healed);
    const after = await platform().container("web/app");
    expect(after.id).not.toBe(before.id);
    expect(after.mounts).toEqual(before.mounts);
    expect(await platform().exec("web/app", "cat", "/data/note")).toBe("precious\n");
  });
});
