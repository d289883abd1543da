import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { promisify } from "node:util";
import { dataToken, instanceToken, pathToken } from "@keelson/model";
import type { ComposeModel } from "@keelson/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { composeFileOf, listStoredCompose, readStoredCompose, writeComposeModel } from "./compose-file.ts";
import { mountOf, contextOf, placing } from "./mount-fixture.ts";
import { placeFiles } from "./placed-files.ts";
import { readStatus, writeStatus } from "./status-file.ts";

let base: string;
let stateDir: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
  stateDir = join(base, "sta$te ${HOME}");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const model: ComposeModel = {
  name: "lab-core",
  services: {
    nginx: {
      image: "nginx:1",
      environment: { TEXT: `${instanceToken}/is-no-path $$HOME` },
      labels: { "io.keelson.instance": "core" },
      volumes: [
        { type: "bind", source: `${instanceToken}/live/nginx`, target: "/etc/nginx", read_only: true },
        { type: "bind", source: `${dataToken}/pages`, target: "/pages" },
        { type: "volume", source: "data", target: "/data" },
      ],
      secrets: [{ source: "key", target: "/run/secrets/key" }],
    },
    redis: { image: "redis:7" },
  },
  networks: {},
  volumes: { data: { external: true, name: "lab-core_data" } },
  secrets: { key: { name: "lab-core_key", file: `${instanceToken}/files/abc/key` } },
  configs: { conf: { name: "lab-core_conf", file: `${instanceToken}/files/abc/conf` } },
};
const paths = { media: "/srv/$media", "media-2": "/srv/other" };
const write = (changed = model) =>
  writeComposeModel(
    { stateDir },
    {
      instance: "core",
      project: "lab-core",
      model: changed,
      dataFolder: "/srv/da$ta/core",
      ownerOf: (id) => `hmac of ${id}`,
      paths,
    },
  );
const readModel = async (): Promise<ComposeModel> =>
  JSON.parse(await readFile(composeFileOf(stateDir, "core"), "utf8"));

describe("the Compose file", () => {
  test("has this node's paths where files are bound, and each service's owner label", async () => {
    const path = await write();
    const folder = `${base}/sta$$te $\${HOME}/instances/core`;
    expect(path).toBe(`${base}/sta$te \${HOME}/instances/core/compose.json`);
    const written = await readModel();
    expect(written.services["nginx"]).toEqual({
      ...model.services["nginx"],
      labels: { "io.keelson.instance": "core", "io.keelson.owner": "hmac of service:lab-core/nginx" },
      volumes: [
        { type: "bind", source: `${folder}/live/nginx`, target: "/etc/nginx", read_only: true },
        { type: "bind", source: "/srv/da$$ta/core/pages", target: "/pages" },
        { type: "volume", source: "data", target: "/data" },
      ],
    });
    expect(written.services["redis"]?.labels).toEqual({
      "io.keelson.owner": "hmac of service:lab-core/redis",
    });
    expect(written.secrets["key"]).toEqual({ name: "lab-core_key", file: `${folder}/files/abc/key` });
    expect(written.configs["conf"]).toEqual({ name: "lab-core_conf", file: `${folder}/files/abc/conf` });
  });

  test("means to Compose what lies on the disk, with any character in the state folder's path", async () => {
    const mount = mountOf("live", { source: "nginx", files: { "site.conf": "x" } });
    await placeFiles(contextOf(stateDir), placing(mount));
    const path = await write();
    const [program = "", ...args] =
      env["KEELSON_COMPOSE"] === undefined ? ["docker", "compose"] : [env["KEELSON_COMPOSE"]];
    const config = [...args, "--file", path, "config", "--format", "json"];
    const { stdout } = await promisify(execFile)(program, config, { timeout: 120_000 });
    const resolved: ComposeModel = JSON.parse(stdout);
    // What it prints is to be read by Compose again, so it doubles every `$`.
    const meant = (path: unknown) => String(path).replaceAll("$$", () => "$");
    const source = meant(resolved.services["nginx"]?.volumes?.[0]?.source);
    expect(source).toBe(join(stateDir, "instances/core/live/nginx"));
    expect(await readdir(source)).toEqual(["site.conf"]);
    expect(meant(resolved.secrets["key"]?.["file"])).toBe(join(stateDir, "instances/core/files/abc/key"));
  });

  test("is private, and not touched when only the order of keys differs", async () => {
    const path = await write();
    const before = await stat(path);
    expect(before.mode & 0o777).toBe(0o600);
    const { redis, nginx } = model.services;
    if (redis === undefined || nginx === undefined) throw new Error("the model has both");
    await write({ ...model, services: { redis, nginx } });
    const after = await stat(path);
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    await write({ ...model, services: { redis } });
    expect((await stat(path)).ino).not.toBe(before.ino);
    expect(Object.keys((await readModel()).services)).toEqual(["redis"]);
    expect(await readdir(join(stateDir, "instances/core"))).toEqual(["compose.json"]);
  });

  test("a link in its place is replaced and not followed, a draft that a killed agent left is cleared", async () => {
    const folder = join(stateDir, "instances/core");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, ".compose.json.new"), "half a dra");
    await writeFile(join(base, "elsewhere"), "theirs");
    await symlink(join(base, "elsewhere"), join(folder, "compose.json"));
    await write();
    expect((await readModel()).name).toBe("lab-core");
    expect(await readFile(join(base, "elsewhere"), "utf8")).toBe("theirs");
    expect(await readdir(folder)).toEqual(["compose.json"]);
  });

  test("tells its services with their owner labels, and is K4006 when it is damaged", async () => {
    expect(await readStoredCompose(stateDir, "core")).toBeNull();
    await write();
    const services = new Map([
      ["nginx", "hmac of service:lab-core/nginx"],
      ["redis", "hmac of service:lab-core/redis"],
    ]);
    expect(await readStoredCompose(stateDir, "core")).toEqual({
      project: "lab-core",
      environment: "",
      services,
      secretVariables: new Map(),
    });
    expect(await listStoredCompose(stateDir)).toEqual(
      new Map([["core", { project: "lab-core", environment: "", services, secretVariables: new Map() }]]),
    );
    for (const damaged of ['{"name": "lab-co', "[]", '{"services": null}']) {
      await writeFile(composeFileOf(stateDir, "core"), damaged);
      await expect(readStoredCompose(stateDir, "core")).rejects.toMatchObject({ code: "K4006" });
      await expect(listStoredCompose(stateDir)).rejects.toMatchObject({ code: "K4006" });
    }
  });

  test("K4006 for an instance that is no name", async () => {
    const input = {
      instance: "../core",
      project: "p",
      model,
      dataFolder: "/data",
      ownerOf: () => "",
      paths: {},
    };
    await expect(writeComposeModel({ stateDir }, input)).rejects.toMatchObject({ code: "K4006" });
    expect(() => composeFileOf(stateDir, "..")).toThrow(expect.objectContaining({ code: "K4006" }));
  });
});

describe("a path of the host that a package names", () => {
  test("is the node's own where a container gets it", async () => {
    await write({
      ...model,
      services: {
        player: {
          image: "player:1",
          environment: { ROOT: `${pathToken("media")}/films:${pathToken("media-2")}`, NONE: pathToken("x") },
          volumes: [
            { type: "bind", source: `${pathToken("media")}/films`, target: "/films", read_only: true },
            { type: "bind", source: pathToken("media-2"), target: "/other" },
          ],
        },
      },
    });
    expect((await readModel()).services["player"]).toMatchObject({
      environment: { ROOT: "/srv/$$media/films:/srv/other", NONE: pathToken("x") },
      volumes: [{ source: "/srv/$$media/films", read_only: true }, { source: "/srv/other" }],
    });
  });
});

describe("the status", () => {
  test("is read as it was written, null before", async () => {
    expect(await readStatus(stateDir)).toBeNull();
    await writeStatus({ stateDir, text: "{}\n" });
    expect(await readStatus(stateDir)).toBe("{}\n");
    await writeStatus({ stateDir, text: '{"v":1}\n' });
    expect(await readStatus(stateDir)).toBe('{"v":1}\n');
    expect((await stat(join(stateDir, "status.json"))).mode & 0o777).toBe(0o600);
  });

  test("is not touched when it is equal, but made private again", async () => {
    await writeStatus({ stateDir, text: "{}\n" });
    const path = join(stateDir, "status.json");
    const before = await stat(path);
    await writeStatus({ stateDir, text: "{}\n" });
    const after = await stat(path);
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    await chmod(path, 0o644);
    await writeStatus({ stateDir, text: "{}\n" });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("K4006 for something else in its place: unknown is not absent", async () => {
    await mkdir(join(stateDir, "status.json"), { recursive: true });
    await expect(readStatus(stateDir)).rejects.toMatchObject({ code: "K4006" });
  });
});
