import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import type { Container } from "../containers.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("f");
const compose = `services:
  app:
    image: IMAGES/player:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    volumes: ["./config:/config", "./data:/data", "./nginx.conf:/etc/nginx.conf:ro"]
`;

const files = {
  [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  player: { package: ./apps/player, on: { node: n1 } }
`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  "apps/player/compose.yaml": compose,
  "apps/player/config/player.conf": "volume: 1\n",
  "apps/player/config/on-start.sh": "#!/bin/sh\n",
  "apps/player/data/.gitignore": "*\n",
  "apps/player/nginx.conf": "port 1\n",
};

const environment = `environments/${name}/environment.yaml`;

describe("a folder with a program's configuration, its data and a file that it only reads", () => {
  const platform = usePlatform({ name, files });
  const folder = (path: string, instance = "player") => join(platform().stateDir, "data", instance, path);
  const app = async (instance = "player"): Promise<Container> => platform().container(`${instance}/app`);
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);
  const planned = async () =>
    (await platform().keelson(["plan", "--verbose", "--config", platform().config])).stdout;
  const round = async () => (await platform().reconcile()).exitCode;

  it("must find what is committed, and may write where it is not bound read-only", async () => {
    expect(await platform().keelson(["check"])).toMatchObject({ exitCode: 0 });
    expect(await round()).toBe(0);
    const { mounts } = await app();
    expect(mounts["/config"]).toBe(folder("config"));
    expect(mounts["/data"]).toBe(folder("data"));
    expect(mounts["/etc/nginx.conf"]).toContain("/instances/player/files/");
    expect(await platform().exec("player/app", "cat", "/config/player.conf", "/etc/nginx.conf")).toBe(
      "volume: 1\nport 1\n",
    );
    await platform().exec("player/app", "sh", "-c", "echo song > /data/song && echo 7 > /config/state");
    expect(await readFile(folder("data/song"), "utf8")).toBe("song\n");
    expect(await readdir(folder("data"))).toEqual(["song"]);
    expect(await planned()).toContain("nothing to do");
  });

  it("must be restarted, and not made anew, when a kept file changes in Git; the rest of its folder stays", async () => {
    const before = await app();
    await platform().push({ "apps/player/config/player.conf": "volume: 2\n" });
    expect(await round()).toBe(0);
    const after = await app();
    expect(after.id).toBe(before.id);
    expect(after.startedAt > before.startedAt).toBe(true);
    expect(await platform().exec("player/app", "cat", "/config/player.conf", "/config/state")).toBe(
      "volume: 2\n7\n",
    );
    expect(await round()).toBe(0);
    expect((await app()).startedAt).toBe(after.startedAt);
  });

  it("must be made anew when a file changes that it only reads", async () => {
    const before = await app();
    await platform().push({ "apps/player/nginx.conf": "port 2\n" });
    expect(await round()).toBe(0);
    expect((await app()).id).not.toBe(before.id);
    expect(await platform().exec("player/app", "cat", "/etc/nginx.conf")).toBe("port 2\n");
  });

  it("must keep what somebody has changed by hand, and say so, also when a commit changes it", async () => {
    const before = await app();
    await writeFile(folder("config/player.conf"), "volume: by hand\n");
    expect(await round()).toBe(0);
    expect(await planned()).toMatch(/config\/player\.conf was changed on the node, .*K3074/);
    await platform().push({
      "apps/player/config/player.conf": "volume: 3\n",
      "apps/player/compose.yaml": compose.replace("1s", "2s"),
    });
    expect(await round()).toBe(1);
    expect(await codes()).toContain("K3070");
    expect(await readFile(folder("config/player.conf"), "utf8")).toBe("volume: by hand\n");
    expect(await app()).toMatchObject({ id: before.id, startedAt: before.startedAt });
    await rename(folder("config/player.conf"), folder("config/player.conf.before"));
    expect(await round()).toBe(0);
    expect(await platform().exec("player/app", "cat", "/config/player.conf")).toBe("volume: 3\n");
    expect((await app()).id).not.toBe(before.id);
  });

  it("must lose a kept file that Git has no more, if nobody has changed it", async () => {
    await platform().push({ "apps/player/config/on-start.sh": null });
    expect(await round()).toBe(0);
    expect((await readdir(folder("config"))).sort()).toEqual(["player.conf", "player.conf.before", "state"]);
  });

  it("must not begin empty where its data is gone, until a person says so", async () => {
    const before = await app();
    await rename(folder("data"), folder("elsewhere"));
    await platform().stop("player/app");
    expect(await round()).toBe(1);
    expect(await codes()).toContain("K3032");
    expect(await readdir(folder("."))).toEqual(["config", "elsewhere"]);
    expect((await app()).state).toBe("exited");
    await rename(folder("elsewhere"), folder("data"));
    expect(await round()).toBe(0);
    expect((await app()).id).toBe(before.id);
    expect(await platform().exec("player/app", "cat", "/data/song")).toBe("song\n");

    await rename(folder("data"), folder("elsewhere"));
    await platform().push({
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\ncommands: { player: { renew: 1 } }\n",
    });
    expect(await round()).toBe(0);
    expect(await platform().exec("player/app", "ls", "/data")).toBe("");
    await rm(folder("data"), { recursive: true });
    await rename(folder("elsewhere"), folder("data"));
    await platform().stop("player/app");
    expect(await round()).toBe(0);
  });

  it("must not be given new folders on a disk that is not mounted", async () => {
    const data = join(platform().stateDir, "data");
    await rename(data, `${data}.disk`);
    await mkdir(data);
    await platform().push({
      "apps/player/compose.yaml": compose.replace('"./data', '"./cache:/cache", "./data'),
    });
    expect(await round()).toBe(1);
    expect(await codes()).toContain("K3032");
    expect(await readdir(data)).toEqual([]);
    await rm(data, { recursive: true });
    await rename(`${data}.disk`, data);
    expect(await round()).toBe(0);
    expect((await readdir(folder("."))).sort()).toEqual(["cache", "config", "data"]);
  });

  it("must go on with its data under another name, and never beside it", async () => {
    const as = (entry: string) => ({
      [environment]: `name: ${name}\ninstances:\n  ${entry}\npolicy: { allowMassRemoval: true }\n`,
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
    });
    const before = await app();
    await platform().push(as("music: { package: ./apps/player, on: { node: n1 } }"));
    expect(await round()).toBe(1);
    expect(await codes()).toContain("K3033");
    expect(await app()).toMatchObject({ id: before.id, state: "running" });
    await platform().push(as("music: { package: ./apps/player, on: { node: n1 }, was: player }"));
    expect(await round()).toBe(0);
    expect(await platform().exec("music/app", "cat", "/data/song")).toBe("song\n");
    expect((await app("music")).mounts["/data"]).toBe(folder("data"));
  });

  it("must be named by the doctor when its disk is away, or it is gone itself", async () => {
    const examined = async (): Promise<string> => {
      const { stdout } = await platform().keelson(["doctor", "--config", platform().config]);
      return /^(?:ok|warn|FAIL) +data folders .*$/m.exec(stdout)?.[0] ?? stdout;
    };
    expect(await examined()).toMatch(/^ok .* data folders?, .* free for /);
    const dataDir = join(platform().stateDir, "data");
    await rename(join(dataDir, ".keelson-data"), join(dataDir, "mark"));
    expect(await examined()).toContain("its disk is not mounted [K3032]");
    await rename(join(dataDir, "mark"), join(dataDir, ".keelson-data"));
    await rename(folder("data"), folder("away"));
    expect(await examined()).toContain(`${folder("data")} of music is gone [K3032]`);
    await rename(folder("away"), folder("data"));
  });

  it("must leave its data where it is when it goes, and the audit must name it", async () => {
    await platform().push({
      [environment]: `name: ${name}\npolicy: { allowMassRemoval: true }\n`,
    });
    expect(await planned()).toContain("K3076");
    expect(await round()).toBe(0);
    expect(await platform().containers()).toEqual([]);
    expect(await readFile(folder("data/song"), "utf8")).toBe("song\n");
    const { stdout } = await platform().keelson(["audit", "--orphans", "--config", platform().config]);
    expect(stdout).toMatch(new RegExp(`${folder("data")} +[1-9][\\d.]* (B|KiB)  last used by `));
    expect(stdout).toContain(`rm -r ${folder("data")}`);
  });
});
