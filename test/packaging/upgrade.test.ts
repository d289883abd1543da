import { readFile, rename, symlink } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makePackage } from "../../packaging/npm-package.ts";
import { type Platform, withPlatform } from "../scenarios/platform.ts";
import { type TempFolder, makeTempFolder } from "../support/index.ts";
import { type InstalledAgent, startInstalled } from "./installed-agent.ts";

/** `second` waits for `first`, which is healthy when the test says so. */
const release = `
-- packages/web/compose.yaml --
services:
  first:
    image: IMAGES/first:1
    init: true
    stop_grace_period: 1s
    healthcheck: { test: [CMD, test, -e, /tmp/healthy], interval: 1s, timeout: 2s, start_period: 2m, retries: 9 }
  second:
    image: IMAGES/second:1
    init: true
    stop_grace_period: 1s
    depends_on: { first: { condition: service_healthy } }
  other: { image: "IMAGES/other:1", init: true, volumes: ["data:/data", "./conf:/conf:ro"] }
volumes: { data: {} }
-- packages/web/package.yaml --
files: [{ template: page.liquid, to: conf/page, onChange: recreate }]
-- packages/web/page.liquid --
{{ instance.name }}
`;
const compose = "packages/web/compose.yaml";

const quick = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", init: true }
`;

/** A push is seen soon. */
const agent = { interval: "1s" };

/** The most that an agent which stays may take, in KiB: an empty Node has some 41 MiB. */
const mostKiB = 72 * 1024;

let folder: TempFolder;
beforeAll(async () => {
  folder = await makeTempFolder("keelson-upgrade-");
});
afterAll(async () => folder[Symbol.asyncDispose]());

/** A folder with version 0.1.0, which `exchange` replaces by 0.2.0, as a package manager does. */
async function install(name: string) {
  const { folder: before } = await makePackage({ outDir: folder.join(name, "a"), version: "0.1.0" });
  const { folder: after } = await makePackage({ outDir: folder.join(name, "b"), version: "0.2.0" });
  const used = folder.join(name, "keelson");
  await rename(before, used);
  return {
    path: `${used}/bin/keelson-agent.js`,
    exchange: async () => {
      await rename(used, folder.join(name, "old"));
      await rename(after, used);
    },
  };
}

async function readStatus({ stateDir }: Platform): Promise<unknown> {
  return JSON.parse(await readFile(`${stateDir}/status.json`, "utf8"));
}

/** Comes when an agent of a version has reported that the node is as desired. */
async function untilReady(platform: Platform, agent: InstalledAgent, version: string): Promise<void> {
  const ready = expect.objectContaining({ type: "Ready", status: "true" });
  const applied = await platform.repository.head();
  await agent.until(`${version} to be ready`, async () => {
    expect(await readStatus(platform)).toMatchObject({
      agent: { version },
      source: { applied },
      conditions: expect.arrayContaining([ready]),
    });
    return true;
  });
}

const makeHealthy = async (platform: Platform, agent: InstalledAgent) =>
  agent.until("the first service", async () => {
    await platform.exec("web/first", "touch", "/tmp/healthy");
    return true;
  });

const identitiesOf = async (platform: Platform) =>
  (await platform.containers()).map(({ id, name, startedAt, state }) => ({ id, name, startedAt, state }));

describe("exchanging the agent for a newer one", () => {
  it("must leave every container as it is, and the one that stays must be small", async () => {
    const program = await install("quiet");
    await withPlatform({ release, agent }, async (platform) => {
      await using old = startInstalled(program.path, platform.config);
      await makeHealthy(platform, old);
      await untilReady(platform, old, "0.1.0");
      const memory = await readFile(`/proc/${old.pid}/status`, "utf8");
      expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(memory)?.[1])).toBeLessThan(mostKiB);
      const before = await identitiesOf(platform);
      expect(before).toHaveLength(3);

      await program.exchange();
      expect(await old.end("SIGTERM")).toBe(0);
      await using young = startInstalled(program.path, platform.config);
      await untilReady(platform, young, "0.2.0");
      expect(await identitiesOf(platform)).toEqual(before);
      expect(young.log()).toContain("nothing to do");
      expect(young.log()).not.toMatch(/warning/i);
    });
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "must go on in the middle of an upgrade after %s, and make nothing a second time",
    async (signal) => {
      const program = await install(signal);
      await withPlatform({ release, agent }, async (platform) => {
        await using old = startInstalled(program.path, platform.config);
        await makeHealthy(platform, old);
        await untilReady(platform, old, "0.1.0");
        const before = await platform.containers();
        await platform.upgrade({
          [compose]: (text) => text.replaceAll(/(first|second):1/g, "$1:2"),
        });
        await old.until("the new first service", async () => {
          const { image, health } = await platform.container("web/first");
          return image.endsWith(":2") && health === "starting";
        });
        const middle = await platform.container("web/first");

        await program.exchange();
        await old.end(signal);
        await using young = startInstalled(program.path, platform.config);
        await makeHealthy(platform, young);
        await untilReady(platform, young, "0.2.0");
        const idOf = async (name: string) => (await platform.container(name)).id;
        expect(await idOf("web/first")).toBe(middle.id);
        expect((await platform.container("web/first")).startedAt).toBe(middle.startedAt);
        expect(await idOf("web/other")).toBe(before.find(({ service }) => service === "other")?.id);
        expect((await platform.container("web/second")).image).toMatch(/:2$/);
        expect(await platform.containers()).toHaveLength(3);
      });
    },
  );

  it("must wait for its restart: until then its rounds are of its own version", async () => {
    const { folder: before } = await makePackage({ outDir: folder.join("link", "a"), version: "0.1.0" });
    const { folder: after } = await makePackage({ outDir: folder.join("link", "b"), version: "0.2.0" });
    const link = folder.join("link", "keelson");
    const lead = async (to: string) => {
      await symlink(to, `${link}.new`);
      await rename(`${link}.new`, link);
    };
    await lead(before);
    await withPlatform({ release: quick }, async (platform) => {
      await using agent = startInstalled(`${link}/bin/keelson-agent.js`, platform.config);
      await untilReady(platform, agent, "0.1.0");
      await lead(after);
      await platform.push({ note: "1" });
      expect((await platform.keelson(["sync", "--config", platform.config])).exitCode).toBe(0);
      await untilReady(platform, agent, "0.1.0");
    });
  });
});
