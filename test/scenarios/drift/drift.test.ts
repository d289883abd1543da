import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildImageArchive, loadImages } from "../../support/index.ts";
import { compareContainers } from "../fates.ts";
import type { Fate } from "../fates.ts";
import { usePlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";
import { tellingImage } from "../telling-image.ts";

const release = `
-- packages/web/package.yaml --
files:
  - { template: app.conf, to: content/app.conf, onChange: recreate }
  - { template: app.conf, to: live/app.conf, onChange: restart }
  - { template: app.conf, to: data/app.conf, onChange: "signal:HUP" }
-- packages/web/app.conf --
desired
-- packages/web/compose.yaml --
services:
  content: { image: "IMAGES/app:1", restart: unless-stopped, volumes: ["./content:/etc/app:ro"], networks: { inner: { aliases: [database] } } }
  live: { image: "IMAGES/app:1", restart: unless-stopped, volumes: ["./live:/etc/app:ro"] }
  data: { image: "IMAGES/app:1", restart: unless-stopped, volumes: ["./data:/etc/app:ro"] }
networks: { inner: {} }
`;

interface Drift {
  what: string;
  happens: (platform: Platform) => Promise<unknown>;
  fates: Record<string, Fate>;
}

const container = async (platform: Platform, name: string) =>
  platform.docker.getContainer((await platform.container(name)).id);

const drifts: Drift[] = [
  {
    what: "a stopped container",
    happens: async (platform) => (await container(platform, "web/live")).stop(),
    fates: { "web/live": "restarted" },
  },
  {
    what: "a killed container",
    happens: async (platform) => (await container(platform, "web/live")).kill(),
    fates: { "web/live": "restarted" },
  },
  {
    what: "a paused container",
    happens: async (platform) => (await container(platform, "web/live")).pause(),
    fates: {},
  },
  {
    what: "a removed container",
    happens: async (platform) => (await container(platform, "web/data")).remove({ force: true }),
    fates: { "web/data": "recreated" },
  },
  {
    what: "the name that a killed Compose leaves",
    happens: async (platform) =>
      (await container(platform, "web/data")).rename({
        name: `0123456789ab_${platform.project("web")}-data-1`,
      }),
    fates: {},
  },
  {
    what: "a disconnected network",
    happens: async (platform) =>
      platform.docker
        .getNetwork(`${platform.project("web")}_inner`)
        .disconnect({ Container: (await platform.container("web/content")).id, Force: true }),
    fates: {},
  },
  {
    what: "a network that was connected again without the service's name",
    happens: async (platform) => {
      const network = platform.docker.getNetwork(`${platform.project("web")}_inner`);
      const { id: Container } = await platform.container("web/content");
      await network.disconnect({ Container, Force: true });
      await network.connect({ Container });
    },
    fates: {},
  },
  {
    what: "a network that was connected again without an alias",
    happens: async (platform) => {
      const network = platform.docker.getNetwork(`${platform.project("web")}_inner`);
      const { id: Container } = await platform.container("web/content");
      await network.disconnect({ Container, Force: true });
      await network.connect({ Container, EndpointConfig: { Aliases: ["content", "db"] } });
    },
    fates: {},
  },
  {
    what: "a removed network",
    happens: async (platform) => {
      const network = platform.docker.getNetwork(`${platform.project("web")}_inner`);
      await network.disconnect({ Container: (await platform.container("web/content")).id, Force: true });
      await network.remove();
    },
    fates: {},
  },
  {
    // It may have been read since: only a restart makes sure that it is not what the service has.
    what: "an edited file of class recreate",
    happens: async (platform) => writeFile(await placedFile(platform, "content"), "edited\n"),
    fates: { "web/content": "restarted" },
  },
  {
    what: "an edited file of class restart",
    happens: async (platform) => writeFile(await placedFile(platform, "live"), "edited\n"),
    fates: { "web/live": "restarted" },
  },
  {
    what: "an edited file of class signal",
    happens: async (platform) => {
      await writeFile(await placedFile(platform, "data"), "edited\n");
      await platform.exec("web/data", "reload");
    },
    fates: {},
  },
  {
    what: "a file of class restart that was moved away",
    happens: async (platform) => {
      const path = await placedFile(platform, "live");
      await rename(path, `${path}.old`);
    },
    fates: { "web/live": "restarted" },
  },
  {
    what: "a memory limit and a number of processes that were changed",
    happens: async (platform) =>
      (await container(platform, "web/live")).update({
        Memory: 64 * 1024 ** 2,
        MemorySwap: 128 * 1024 ** 2,
        PidsLimit: 50,
      }),
    fates: { "web/live": "recreated" },
  },
  {
    what: "a restart policy that was changed",
    happens: async (platform) =>
      (await container(platform, "web/content")).update({ RestartPolicy: { Name: "no" } }),
    fates: { "web/content": "recreated" },
  },
  {
    what: "a lost record",
    happens: async (platform) => rm(join(platform.stateDir, "record.db")),
    fates: {},
  },
  {
    // The containers still have the folders that are gone: only a restart gives them the new ones.
    what: "a lost state folder",
    happens: async (platform) => {
      // A new commit is reported at once: without its state folder a node believes what its last report names.
      await platform.push({ note: "1" });
      await platform.reconcile();
      await rm(platform.stateDir, { recursive: true });
    },
    fates: { "web/content": "restarted", "web/live": "restarted", "web/data": "restarted" },
  },
  {
    what: "a tag that names another image now",
    happens: async (platform) => {
      const other = { ...tellingImage, tag: platform.image("app:1"), labels: { built: "again" } };
      await loadImages(platform.docker, [await buildImageArchive(other)]);
    },
    fates: { "web/content": "recreated", "web/live": "recreated", "web/data": "recreated" },
  },
];

describe("drift", () => {
  const platform = usePlatform({ release, images: { "app:1": tellingImage } });

  it("must not be seen right after a first start", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it.each(drifts)("by $what must be repaired by one round with the least disturbance", async (drift) => {
    const before = await platform().containers();
    await drift.happens(platform());
    const round = await platform().reconcile();
    const after = await platform().containers();
    expect(compareContainers(before, after)).toEqual(drift.fates);
    expect(after.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ["content", "data", "live"].map((service) => `${platform().project("web")}-${service}-1 running`),
    );
    for (const service of ["content", "live", "data"]) {
      expect(await platform().exec(`web/${service}`, "cat", "/etc/app/app.conf")).toBe("desired\n");
      await platform().untilPage(`web/${service}`, { path: "/loaded", is: "desired\n" });
    }
    const { NetworkSettings: settings } = await (await container(platform(), "web/content")).inspect();
    expect(settings.Networks[`${platform().project("web")}_inner`]?.Aliases).toEqual(
      expect.arrayContaining(["content", "database"]),
    );
    expect(round.exitCode).toBe(0);
  });

  it("must have left nothing to do", async () => {
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});

/** Where the file of a service lies on the node; a folder of each layout has one. */
async function placedFile(platform: Platform, service: string): Promise<string> {
  const mounts = (await platform.container(`web/${service}`)).mounts;
  const folder = mounts["/etc/app"] ?? "";
  const entries = await readdir(folder);
  return join(folder, entries.includes("..data") ? "..data/app.conf" : "app.conf");
}
