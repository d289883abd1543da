import { expect, it } from "vitest";
import { withPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", networks: [inner] }
networks: { inner: {} }
`;

it("what is foreign must never be touched, not even when its instance goes", async () => {
  await withPlatform({ release }, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    const own = await platform.container("web/app");
    const foreign = await startForeign(platform, {
      name: `${platform.project("web")}-debug-1`,
      labels: composeLabels(platform, "debug"),
    });
    // Somebody copied every label, the owner's too.
    const copy = await startForeign(platform, { name: `${platform.environment}-copy`, labels: own.labels });
    const network = await platform.docker.createNetwork({
      Name: `${platform.project("web")}_foreign`,
      Labels: { "com.docker.compose.project": platform.project("web") },
    });
    const before = await platform.containers();

    const round = await platform.reconcile();
    expect(await platform.containers()).toEqual(before);
    expect(round.exitCode).toBe(0);

    await platform.push(wantInstances(platform, {}));
    const removed = await platform.reconcile();
    expect(await platform.containers()).toEqual(before.filter(({ id }) => id !== own.id));
    expect((await network.inspect()).Id).toBe(network.id);
    expect([foreign, copy]).toHaveLength(2);
    expect(removed.exitCode).toBe(0);
  });
});

it("a foreign container in the place of one of ours must block that service only", async () => {
  const twoServices = release.replace("\nnetworks:", `\n  other: { image: "IMAGES/other:1" }\nnetworks:`);
  await withPlatform({ release: twoServices }, async (platform) => {
    const foreign = await startForeign(platform, {
      name: `${platform.project("web")}-app-1`,
      labels: composeLabels(platform, "app"),
    });
    const round = await platform.reconcile();
    expect(await platform.container("web/app")).toMatchObject({ id: foreign, state: "running" });
    expect(await platform.container("web/other")).toMatchObject({ state: "running" });
    expect(round.exitCode).toBe(1);
    expect(round.status.errors).toEqual([
      expect.objectContaining({
        code: expect.stringMatching(/^K3/),
        resource: `service:${platform.project("web")}/app`,
      }),
    ]);

    await platform.docker.getContainer(foreign).remove({ force: true });
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.pageOf("web/app")).toBe("app 1\n");
  });
});

function composeLabels(platform: Platform, service: string): Record<string, string> {
  return {
    "com.docker.compose.project": platform.project("web"),
    "com.docker.compose.service": service,
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.container-number": "1",
  };
}

/** Returns the id. */
async function startForeign(
  platform: Platform,
  { name, labels }: { name: string; labels: Readonly<Record<string, string>> },
): Promise<string> {
  const container = await platform.docker.createContainer({
    name,
    Image: platform.image("app:1"),
    Labels: { ...labels },
    HostConfig: { NetworkMode: "none" },
  });
  await container.start();
  return container.id;
}
