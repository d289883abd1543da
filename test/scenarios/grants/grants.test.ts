import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";
import { useImage } from "../releases.ts";

const head = `image: IMAGES/app:1, init: true, stop_grace_period: 1s, command: [sleep, "3600"]`;

const release = `
-- packages/tools/package.yaml --
variables: { MEDIA: "{{ paths.media }}" }
-- packages/tools/compose.yaml --
services:
  reader: { ${head}, network_mode: none, volumes: ["\${MEDIA}/films:/films:ro"] }
  writer: { ${head}, network_mode: none, volumes: ["\${MEDIA}/inbox:/inbox"] }
  vpn: { ${head}, network_mode: host, cap_add: [net_admin], devices: ["/dev/null:/dev/harmless"] }
  ui: { ${head}, network_mode: none, volumes: ["/var/run/docker.sock:/engine.sock:ro"] }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;

const policy = {
  requireDigests: false,
  allow: {
    "app/tools": {
      paths: ["media"],
      capabilities: ["NET_ADMIN"],
      devices: ["/dev/null"],
      namespaces: ["network"],
      engineSocket: true,
    },
  },
};

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

describe("grants", () => {
  const platform = usePlatform({ release, environment: { policy } });
  const media = () => join(platform().folder, "media");
  const allow = (more: object = {}) => ({
    paths: { media: { path: media(), ...more } },
    capabilities: ["NET_ADMIN"],
    devices: ["/dev/null"],
    namespaces: ["network"],
    engineSocket: true,
  });
  const blocked = async () =>
    (await platform().status()).errors.map(({ code, resource }) => `${code} ${resource}`).sort();
  const tool = (service: string) => `service:${platform().project("tools")}/${service}`;
  const tools = async () => {
    const all = await platform().containers();
    return all.filter(({ project }) => project === platform().project("tools"));
  };
  const inspect = async (service: string) => {
    const { id } = await platform().container(`tools/${service}`);
    return platform().docker.getContainer(id).inspect();
  };
  const here = (...args: string[]) => platform().keelson([...args, "--config", platform().config]);

  it("must be permitted by the node, and meanwhile everything else goes on", async () => {
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect((await platform().containers()).map(({ service }) => service)).toEqual(["web"]);
    expect(await blocked()).toEqual(
      ["reader", "ui", "vpn", "writer"].map((service) => `K3060 ${tool(service)}`),
    );
    const { errors } = await platform().status();
    expect(errors.find(({ resource }) => resource === tool("vpn"))?.hint).toContain(
      "add to agent.yaml: allow: { capabilities: [NET_ADMIN], devices: [/dev/null], namespaces: [network] }",
    );
  });

  it("must be told before a commit is pushed, and where there is no node", async () => {
    expect((await platform().keelson(["check"])).exitCode).toBe(0);
    const explained = await here("allow", "explain");
    expect(explained.stdout).toContain(
      "tools/ui      the engine's socket  granted, not permitted by the node",
    );
    expect(explained.stdout).toContain("agent.yaml        allow: { engineSocket: true }");
    expect(explained.stdout).toMatch(
      /asked by +releases\/app\/\S+\/packages\/tools\/compose\.yaml:5:\d+\n +granted by +environments\/\S+\/environment\.yaml:\d+:\d+\n/,
    );
    const elsewhere = await platform().keelson(["allow", "explain", "--json"]);
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({
      asked: expect.arrayContaining([
        expect.objectContaining({ service: "vpn", kind: "capabilities", environment: true, node: null }),
      ]),
    });
    const planned = await platform().keelson(["plan", "--from", "none"]);
    expect(planned.stdout).toContain("new  tools/ui      the engine's socket  root-equivalent");
  });

  it("must be permitted for the whole instance, and then waits for its folders", async () => {
    await platform().configure({ allow: { ...allow(), engineSocket: false } });
    await mkdir(join(media(), "films"), { recursive: true });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await tools()).toEqual([]);
    expect(await blocked()).toEqual([`K3060 ${tool("ui")}`, `K3062 ${tool("writer")}`]);
    await platform().configure({ allow: allow() });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await blocked()).toEqual([`K3062 ${tool("writer")}`]);
    expect(await tools()).toEqual([]);
  });

  it("must be what containers get when both sides name them", async () => {
    await mkdir(join(media(), "inbox"));
    await writeFile(join(media(), "films/one"), "a film");
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().exec("tools/reader", "cat", "/films/one")).toBe("a film");
    await expect(platform().exec("tools/reader", "touch", "/films/two")).rejects.toThrow("Read-only");
    await platform().exec("tools/writer", "touch", "/inbox/new");
    const vpn = await inspect("vpn");
    expect(vpn.HostConfig).toMatchObject({ NetworkMode: "host", Devices: [{ PathOnHost: "/dev/null" }] });
    expect(vpn.HostConfig.CapAdd?.map((name: string) => name.replace("CAP_", "").toUpperCase())).toEqual([
      "NET_ADMIN",
    ]);
    expect((await platform().container("tools/ui")).mounts).toEqual({
      "/engine.sock": "/var/run/docker.sock",
    });
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must be shown while they are in use", async () => {
    const { instances } = await platform().status();
    expect(instances.find(({ name }) => name === "tools")?.grants).toEqual([
      { service: "reader", kind: "paths", value: "media/films", readOnly: true },
      { service: "ui", kind: "engineSocket", value: "true", root: true },
      { service: "vpn", kind: "capabilities", value: "NET_ADMIN" },
      { service: "vpn", kind: "devices", value: "/dev/null" },
      { service: "vpn", kind: "namespaces", value: "network" },
      { service: "writer", kind: "paths", value: "media/inbox" },
    ]);
    const planned = await here("plan");
    expect(planned.stdout).toMatch(/^ {2}\d+ grants as before: keelson audit --grants$/m);
    expect(planned.stdout).not.toContain("new  ");
    const config = escapeRegExp(platform().config);
    const explained = await here("allow", "explain");
    expect(explained.stdout).toMatch(new RegExp(`permitted by +${config}:\\d+:\\d+\n`));
    const listed = await here("allow", "list");
    expect(listed.stdout).toMatch(
      /^ {4}capabilities: NET_ADMIN +environments\/\S+\/environment\.yaml:\d+:\d+$/m,
    );
    expect(listed.stdout).toMatch(new RegExp(`^ {4}capabilities: NET_ADMIN +${config}:\\d+:\\d+$`, "m"));
    expect(listed.stdout).toMatch(new RegExp(`^ {4}paths: media \\(.*\\) +${config}:\\d+:\\d+$`, "m"));
    const audit = await here("audit", "--grants");
    expect(audit.stdout).toContain("tools/reader  path media/films (read-only)");
    expect((await here("allow", "unused")).stdout).toBe("Every grant is used.\n");
  });

  it("must leave what runs as it is when the node takes one back", async () => {
    const before = await tools();
    await platform().configure({ allow: { ...allow(), capabilities: [] } });
    await platform().upgrade(useImage("web:2"));
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await tools()).toEqual(before);
    expect(await platform().pageOf("web/web")).toBe("web 2\n");
    expect(await blocked()).toEqual([`K3060 ${tool("vpn")}`]);
    const { instances } = await platform().status();
    const granted = instances.find(({ name }) => name === "tools")?.grants ?? [];
    expect(granted.map(({ value }) => value)).toContain("NET_ADMIN");
    await platform().configure({ allow: allow() });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await tools()).toEqual(before);
  });

  it("must lead nowhere else when a link takes a folder's place", async () => {
    const before = await tools();
    const films = join(media(), "films");
    await rename(films, join(media(), "kept"));
    await symlink("/etc", films);
    await platform().stop("tools/reader");
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await blocked()).toContain(`K3061 ${tool("reader")}`);
    expect((await platform().container("tools/reader")).state).toBe("exited");
    await rm(films);
    await rename(join(media(), "kept"), films);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await tools()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  it("must not lie below what another container can write, unless the node says so", async () => {
    const before = await tools();
    await mkdir(join(media(), "inbox/new folder"), { recursive: true });
    await platform().upgrade({
      "packages/tools/compose.yaml": (text) =>
        text.replace("/films:/films:ro", "/inbox/new folder:/films:ro"),
    });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await blocked()).toEqual([`K3064 ${tool("reader")}`, `K3064 ${tool("writer")}`]);
    expect(await tools()).toEqual(before);
    await platform().configure({ allow: allow({ nested: true }) });
    expect((await here("plan")).stdout).toMatch(
      /new {2}tools\/reader {2}path media\/inbox\/new folder \(read-only\) {2}root-equivalent/,
    );
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().container("tools/reader")).mounts["/films"]).toBe(
      join(media(), "inbox/new folder"),
    );
  });

  it("must be as narrow as they say, whatever way leads around", async () => {
    const compose = `releases/app/1.0.2/packages/tools/compose.yaml`;
    const planOf = async (change: (text: string) => string) => {
      await platform().commit({ [compose]: change });
      const { stdout, stderr, exitCode } = await here("plan");
      await platform().repository.git("reset", "--quiet", "--hard", "HEAD~1");
      expect(exitCode).toBe(1);
      return `${stdout}${stderr}`;
    };
    const climbing = (text: string) => text.replace("}/inbox:", "}/../node.key:");
    expect(await planOf(climbing)).toContain("[K1404]");
    const secret = join(media(), "inbox/key");
    await symlink(join(platform().folder, "node.key"), secret);
    const byLink = (text: string) => text.replace("}/inbox:", "}/inbox/key:");
    expect(await planOf(byLink)).toContain("[K3061]");
    const link = join(media(), "inbox/device");
    await symlink("/dev/null", link);
    const byName = (text: string) => text.replace("/dev/null:", `${link}:`);
    expect(await planOf(byName)).toContain("[K1403]");
    const beside = (text: string) => text.replace("/dev/null:", "/dev/nullify:");
    expect(await planOf(beside)).toContain("[K1403]");
  });
});
