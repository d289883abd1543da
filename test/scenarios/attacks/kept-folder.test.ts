import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

/**
 * Keelson writes as root into a folder in which a container may put anything: a link in the place of a file, or on the way to
 * it, would have it write to the host.
 */
const name = uniqueName("k");
const compose = (volumes: string) => `services:
  app:
    image: IMAGES/app:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    volumes: [${volumes}]
`;

const files = {
  [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  app: { package: ./apps/app, on: { node: n1 } }
`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  "apps/app/compose.yaml": compose('"./config:/config"'),
  "apps/app/config/a.conf": "1\n",
  "apps/app/config/sub/b.conf": "1\n",
};

describe("a container that plants something in its kept folder", () => {
  const platform = usePlatform({ name, files });
  const host = () => join(platform().folder, "host");
  const folder = () => join(platform().stateDir, "data/app/config");
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);
  const inside = async (command: string) => platform().exec("app/app", "sh", "-c", command);

  beforeAll(async () => {
    await mkdir(host());
    await writeFile(join(host(), "a.conf"), "host");
    await writeFile(join(host(), "b.conf"), "host");
    await platform().reconcile();
  });

  it.each([
    ["a link in the place of the file", "a.conf", () => `ln -s ${host()}/a.conf /config/a.conf`],
    ["a pipe in the place of the file", "a.conf", () => "mkfifo /config/a.conf"],
    ["a folder in the place of the file", "a.conf", () => "mkdir /config/a.conf"],
    ["a link on the way to the file", "sub/b.conf", () => `rmdir /config/sub; ln -s ${host()} /config/sub`],
  ])("must not lead a commit out of it by %s", async (what, path, plant) => {
    await inside(`rm -f /config/${path}; ${plant()}`);
    await platform().push({ [`apps/app/config/${path}`]: `${what}\n` });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect((await codes()).some((code) => code === "K3070" || code === "K4006")).toBe(true);
    expect(await readdir(host())).toEqual(["a.conf", "b.conf"]);
    for (const each of ["a.conf", "b.conf"]) expect(await readFile(join(host(), each), "utf8")).toBe("host");
    const [planted = ""] = path.split("/");
    await inside(`rm -rf /config/${planted}`);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await readFile(join(folder(), path), "utf8")).toBe(`${what}\n`);
  });

  it("must not be given a bind that leads through it", async () => {
    await platform().push({ "apps/app/compose.yaml": compose('"./config:/config", "./config/sub:/pwn"') });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await codes()).toContain("K3064");
    expect(Object.keys((await platform().container("app/app")).mounts)).toEqual(["/config"]);
    await platform().push({ "apps/app/compose.yaml": compose('"./config:/config"') });
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it("may have files of its own beside those of the commit", async () => {
    await inside("echo own > /config/sub/own");
    await platform().push({ "apps/app/config/sub/b.conf": "last\n" });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await readdir(join(folder(), "sub"))).sort()).toEqual(["b.conf", "own"]);
  });
});
