import { execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { NodeGrants, mapValues } from "../../../libs/model/src/index.ts";
import { readPage } from "../../documents/example.ts";
import { makeTempFolder, sharedEngine, uniqueName } from "../../support/index.ts";
import { readServices } from "../documents/grant-page.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("t");
const folder = await makeTempFolder();
const stick = `/dev/${name}`;
const volume = `${name}_paperless`;
/** What this machine lacks of the host, in the same place of Compose files, environment.yaml and agent.yaml. */
const here = (text: string) =>
  text
    .replaceAll(/\/(?:srv|mnt\/backup|run\/dbus|etc\/letsencrypt)(?=[/:,\s\]}"]|$)/gm, (path) =>
      folder.join(`host${path}`),
    )
    // Not every machine's root file system is a shared mount.
    .replaceAll(":ro,rslave", ":ro")
    .replaceAll("/dev/ttyACM0", stick)
    .replaceAll("paperless_data", volume);
const { blocks } = await readPage("docs/grants.md");
const services = readServices(blocks, here);
/**
 * A start of these needs a graphics processor, a share of the network, or an engine that may give every capability: their
 * containers are made, and not started.
 */
const installed = ["media", "database", "runner"];

/** With small images, free ports of the host, and nothing else changed. */
function runnable(text: string): string {
  const document = parse(text);
  const small = (service: { ports?: string[] }, key: string) => ({
    ...service,
    image: `IMAGES/${key}:1`,
    init: true,
    stop_grace_period: "1s",
    command: ["sleep", "3600"],
    ...(service.ports === undefined ? {} : { ports: service.ports.map((port) => port.split(":").at(-1)) }),
  });
  return stringify({ ...document, services: mapValues(document.services, small) });
}

const file = `environments/${name}/environment.yaml`;
const environment = (isGranted: boolean) =>
  JSON.stringify({
    name,
    instances: Object.fromEntries(
      services.map((service) => [
        service.name,
        {
          package: `./apps/${service.name}`,
          ...(installed.includes(service.name) ? { state: "installed" } : {}),
        },
      ]),
    ),
    policy: { allow: isGranted ? Object.assign({}, ...services.map(({ policy }) => policy.allow)) : {} },
  });

/** What the node permits all of them. */
const allow = NodeGrants.parse(
  Object.fromEntries(
    NodeGrants.keyof().options.map((kind) => [kind, joined(services.map(({ node }) => node[kind]))]),
  ),
);

function joined(values: readonly NodeGrants[keyof NodeGrants][]): unknown {
  const known = values.filter((value) => value !== undefined);
  if (known.some((value) => Array.isArray(value))) return [...new Set(known.flat())];
  return typeof known[0] === "object" ? Object.assign({}, ...known) : known[0];
}

describe("the ten services of the page of grants, on a real engine (media, database and runner are made, not started)", () => {
  beforeAll(async () => {
    for (const path of ["srv/media/films", "mnt/backup", "run/dbus", "etc/letsencrypt"])
      await mkdir(folder.join(join("host", path)), { recursive: true });
    execFileSync("mknod", [stick, "c", "1", "3"]);
    await (await sharedEngine()).createVolume({ Name: volume });
  });
  afterAll(async () => {
    await rm(stick, { force: true });
    await (await sharedEngine()).getVolume(volume).remove({ force: true });
    await folder[Symbol.asyncDispose]();
  });
  const platform = usePlatform({
    name,
    files: {
      [file]: environment(false),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      ...Object.fromEntries(
        services.map((each) => [`apps/${each.name}/compose.yaml`, runnable(each.compose)]),
      ),
      "apps/media/package.yaml": services.find((each) => each.name === "media")?.packageFile ?? "",
    },
  });
  const inspect = async (service: string) => {
    const { id } = await platform().container(service);
    return platform().docker.getContainer(id).inspect();
  };

  it("must be refused where the environment does not grant what they ask for", async () => {
    await platform().configure({ allow });
    const { stderr, exitCode } = await platform().keelson(["check"]);
    expect(exitCode).toBe(1);
    for (const each of services) expect(stderr).toContain(`apps/${each.name}/compose.yaml`);
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await platform().containers()).toEqual([]);
  });

  it("must be refused where the node does not permit it", async () => {
    await platform().push({ [file]: environment(true) });
    await platform().configure({ allow: {} });
    expect((await platform().reconcile()).exitCode).toBe(1);
    const { errors } = await platform().status();
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["K3060"]));
    for (const each of services)
      expect(errors.map(({ resource }) => resource).join()).toContain(platform().project(each.name));
    expect(await platform().containers()).toEqual([]);
  });

  it("must have what both sides grant", async () => {
    await platform().configure({ allow });
    const round = await platform().reconcile();
    expect([round.exitCode, (await platform().status()).errors]).toEqual([0, []]);
    const states = new Map((await platform().containers()).map((each) => [each.service, each.state]));
    expect(Object.fromEntries(states)).toEqual(
      Object.fromEntries(
        services.flatMap((each) =>
          Object.keys(parse(each.compose).services).map((service) => [
            service,
            installed.includes(each.name) ? "created" : "running",
          ]),
        ),
      ),
    );
  });

  it.each([
    ["proxy/traefik", { Mounts: [{ Source: "/var/run/docker.sock", ReadOnly: true }] }],
    ["vpn/vpn", { CapAdd: [expect.stringMatching(/NET_ADMIN$/)], Devices: [{ PathOnHost: "/dev/net/tun" }] }],
    ["vpn/torrent", { NetworkMode: expect.stringMatching(/^container:/) }],
    ["media/jellyfin", { DeviceRequests: [{ Count: -1 }] }],
    [
      "exporter/exporter",
      { NetworkMode: "host", PidMode: "host", Mounts: [{ Source: "/", Target: "/host", ReadOnly: true }] },
    ],
    [
      "dns/pihole",
      { CapAdd: [expect.stringMatching(/NET_BIND_SERVICE$/), expect.stringMatching(/SYS_NICE$/)] },
    ],
    ["home/homeassistant", { NetworkMode: "host", Devices: [{ PathOnHost: stick }] }],
    ["runner/engine", { Privileged: true }],
    ["runner/runner", { Privileged: false }],
    ["mail/mail", { CapAdd: [expect.stringMatching(/NET_ADMIN$/)] }],
  ])("the container %s must be as the engine shows it", async (service, config) => {
    const { HostConfig } = await inspect(service);
    const { CapAdd } = HostConfig;
    expect({ ...HostConfig, CapAdd: CapAdd?.toSorted() }).toMatchObject(config);
  });

  it("must see the host's folders, shares and volumes that they ask for, and no more of them", async () => {
    const mountsOf = async (service: string) =>
      Object.fromEntries(
        (await inspect(service)).Mounts.map((each) => [each.Destination, [each.Source, each.RW]]),
      );
    expect(await mountsOf("home/homeassistant")).toMatchObject({
      [folder.join("host/run/dbus")]: [folder.join("host/run/dbus"), false],
    });
    expect(await mountsOf("mail/mail")).toMatchObject({
      [folder.join("host/etc/letsencrypt")]: [folder.join("host/etc/letsencrypt"), false],
    });
    expect(await mountsOf("backup/archive")).toMatchObject({
      [`/host${folder.join("host/srv")}`]: [folder.join("host/srv"), false],
      "/backup": [folder.join("host/mnt/backup"), true],
      "/host/paperless": [expect.stringContaining(volume), false],
    });
    expect(await mountsOf("media/jellyfin")).toMatchObject({
      "/films": [folder.join("host/srv/media/films"), false],
    });
    const { Volumes: volumes } = await platform().docker.listVolumes();
    const options = new Map(volumes.map((each) => [each.Name, each.Options]));
    expect(options.get(`${platform().project("media")}_music`)).toMatchObject({
      type: "cifs",
      device: "//nas.lan/music",
    });
    expect(options.get(`${platform().project("database")}_backup`)).toMatchObject({ type: "nfs" });
    await platform().exec("home/homeassistant", "sh", "-c", `test -c ${stick}`);
  });

  it("must be shown with what they have", async () => {
    const shown = await platform().keelson(["audit", "--grants", "--config", platform().config]);
    for (const each of services) expect(shown.stdout).toContain(each.name);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});
