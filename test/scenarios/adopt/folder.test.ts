import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { makeTempFolder, uniqueName } from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { compareContainers } from "../fates.ts";
import { type Platform, withPlatform } from "../platform.ts";
import { parseFiles } from "../repository-text.ts";

const folders = `
-- apps/media/compose.yaml --
services:
  player:
    image: IMAGES/player:1
    container_name: UNIQUE-player
    init: true
    stop_grace_period: 1s
    restart: unless-stopped
    env_file: player.env
    ports: ["8080"]
    volumes:
      - ./config:/config
      - ./library:/library
      - ./player.conf:/etc/player.conf:ro
      - ./themes:/themes:ro
-- apps/media/player.env --
GREETING=hello
-- apps/media/player.conf --
volume = 11
-- apps/media/themes/dark/theme.css --
body { color: white }
-- apps/media/config/first.xml --
<first/>
-- environments/UNIQUE/environment.yaml --
name: UNIQUE
discover: [{ path: "apps/*", project: folder }]
instances: { media: { package: ./apps/media, project: UNIQUE-media, adopt: true } }
-- environments/UNIQUE/nodes/n1.yaml --
name: n1
`;

/** Checks the repository out as people have it, and brings its Compose file up there. */
async function runThere(platform: Platform, { checkout }: { checkout: string }): Promise<void> {
  const compose = join(checkout, "apps/media/compose.yaml");
  const text = await readFile(join(platform.repository.path, "apps/media/compose.yaml"), "utf8");
  await writeFile(compose, text);
  const args = ["-p", `${platform.environment}-media`, "-f", compose, "up", "-d"];
  await promisify(execFile)(await findCompose(), args, { env: process.env });
  await writeFile(join(checkout, "apps/media/library/film"), "film");
  await writeFile(join(checkout, "apps/media/config/state.db"), "state");
}

async function withStack(
  run: (platform: Platform, place: { checkout: string }) => Promise<void>,
): Promise<void> {
  const name = uniqueName("t");
  await using checkout = await makeTempFolder("keelson-checkout-");
  const files = parseFiles(folders.replaceAll("UNIQUE", name));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(checkout.join(path)), { recursive: true });
    await writeFile(checkout.join(path), text);
  }
  const agent = {
    allow: { adopt: [`${name}-media`] },
    dataFolders: { media: checkout.join("apps/media") },
  };
  await withPlatform({ name, files, nodes: { n1: {} }, agent }, async (platform) => {
    await runThere(platform, { checkout: checkout.path });
    await run(platform, { checkout: checkout.path });
  });
}

describe("a Compose folder that runs where it was checked out", () => {
  it("must be adopted with its files and its data where they are, and go on from there", async () => {
    await withStack(async (platform, { checkout }) => {
      const before = await platform.containers();
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect(plan.stdout).toContain("takes over 1 container, 1 network; 0 restarts");
      const first = await platform.reconcile();
      expect([first.exitCode, first.status.errors]).toEqual([0, []]);
      expect(compareContainers(before, await platform.containers())).toEqual({});
      // Until the next change nothing is done.
      expect((await platform.reconcile()).worked).toBe(false);

      await platform.push({ "apps/media/player.conf": (text) => text.replace("11", "12") });
      expect((await platform.reconcile()).exitCode).toBe(0);
      expect(await platform.exec("media/player", "cat", "/etc/player.conf")).toBe("volume = 12\n");
      expect(await platform.exec("media/player", "cat", "/library/film")).toBe("film");
      expect(await readFile(join(checkout, "apps/media/config/state.db"), "utf8")).toBe("state");
      // What people have in their checkout is theirs.
      expect(await readFile(join(checkout, "apps/media/player.conf"), "utf8")).toBe("volume = 11\n");
    });
  });

  it("must not be adopted while its data lies elsewhere than agent.yaml says", async () => {
    await withStack(async (platform, { checkout }) => {
      const before = await platform.containers();
      await platform.configure({ dataFolders: { mediaa: join(checkout, "apps/media") } });
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect(plan.stdout).toContain("agent.yaml names a data folder for instance mediaa");
      expect(plan.stdout).toContain(`dataFolders: { media: ${join(checkout, "apps/media")} }`);
      const round = await platform.reconcile();
      expect(round.exitCode).toBe(1);
      expect(round.status.errors.map(({ code }) => code)).toEqual(["K3086"]);
      expect(compareContainers(before, await platform.containers())).toEqual({});
    });
  });

  it("must be left alone where a committed file differs from that in a folder the program writes", async () => {
    await withStack(async (platform, { checkout }) => {
      const before = await platform.containers();
      await writeFile(join(checkout, "apps/media/config/first.xml"), "<edited/>\n");
      const round = await platform.reconcile();
      expect(round.exitCode).toBe(1);
      expect(round.status.errors.map(({ code }) => code)).toEqual(["K3070"]);
      expect(compareContainers(before, await platform.containers())).toEqual({});
      expect(await readFile(join(checkout, "apps/media/config/first.xml"), "utf8")).toBe("<edited/>\n");
    });
  });
});
