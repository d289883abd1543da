import { describe, expect, it } from "vitest";
import { expectReady } from "../faults/outcome.ts";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", hostname: first, volumes: [/data], networks: [inner] }
networks: { inner: { labels: { tier: first } } }
`;
const compose = "packages/web/compose.yaml";

describe("what a container wrote into an anonymous volume", () => {
  const environment = { policy: { requireDigests: false, allowMassRemoval: true } };
  const platform = usePlatform({ release, environment });

  it("must be there after the container and its network were made anew", async () => {
    expectReady(await platform().reconcile());
    await platform().exec("web/app", "sh", "-c", "echo precious > /data/note");
    const before = await platform().containers();
    await platform().upgrade({ [compose]: (text) => text.replaceAll("first", "second") });
    const round = await platform().reconcile();
    expect(round.output).toContain("1 to recreate, 0 unchanged");
    expectReady(round);
    const after = await platform().containers();
    expect(compareContainers(before, after)).toEqual({ "web/app": "recreated" });
    expect(after.map(({ mounts }) => mounts)).toEqual(before.map(({ mounts }) => mounts));
    expect(await platform().exec("web/app", "cat", "/data/note")).toBe("precious\n");
  });

  it("must be told where the container goes for good", async () => {
    const { mounts } = await platform().container("web/app");
    const volume = platform().docker.getVolume(mounts["/data"] ?? "");
    await platform().push(wantInstances(platform(), {}, { version: "1.0.1" }));
    const round = await platform().reconcile();
    expect(await platform().containers()).toEqual([]);
    expect(await volume.inspect()).toMatchObject({ Name: mounts["/data"] });
    expect(round.output).toContain(`docker volume rm ${mounts["/data"]}`);
    await volume.remove();
  });
});
