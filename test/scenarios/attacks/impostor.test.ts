import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type Docker from "dockerode";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";

import { claimAddressPool } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { type Container, type Platform, usePlatform } from "../platform.ts";

/** Addresses that no other run of this test has; the first 256 are those of its bridge. */
const pool = await claimAddressPool();
const subnetOf = (third: number, end: string) =>
  pool.base.replace(/(\d+)\.0\/18$/, (_, part) => `${Number(part) + third}.${end}`);
const subnets = { own: subnetOf(1, "0/28"), next: subnetOf(1, "16/28"), other: subnetOf(2, "0/24") };
const otherBridge = `${pool.bridge}-b`;
afterAll(async () => pool[Symbol.asyncDispose]());

const release = `
-- packages/web/compose.yaml --
services:
  app:
    image: IMAGES/app:1
    stop_grace_period: 0s
    networks: [inner]
    volumes: ["data:/data"]
networks: { inner: { ipam: { config: [{ subnet: ${subnets.own} }] } } }
volumes: { data: {} }
-- packages/twin/compose.yaml --
services:
  app: { image: "IMAGES/twin:1", stop_grace_period: 0s }
`;
const compose = "releases/app/1.0.0/packages/web/compose.yaml";
const changed = (text: string) =>
  text.replace("stop_grace_period: 0s", "stop_grace_period: 0s\n    hostname: h");

type Labels = Readonly<Record<string, string>>;

/** By somebody with the engine's socket, who has seen all labels; removed by `removeImpostors`. */
async function impersonate(
  platform: Platform,
  impostor: { name: string; labels?: Labels; start?: boolean; network?: string },
): Promise<string> {
  const container = await platform.docker.createContainer({
    name: `${platform.environment}-${impostor.name}`,
    Image: platform.image("twin:1"),
    Labels: { ...impostor.labels },
    Env: ["SECRET=impostor"],
    HostConfig: { NetworkMode: impostor.network ?? "none" },
  });
  if (impostor.start !== false) await container.start();
  impostors.add(container.id);
  return container.id;
}

const impostors = new Set<string>();

async function removeImpostors(platform: Platform): Promise<void> {
  for (const id of impostors) await platform.docker.getContainer(id).remove({ force: true });
  impostors.clear();
}

async function loseRecord(platform: Platform): Promise<void> {
  for (const end of ["", "-wal", "-shm"])
    await rm(join(platform.stateDir, `record.db${end}`), { force: true });
}

describe("a container with the labels of one of ours", () => {
  const platform = usePlatform({ release });
  let own: Container;

  beforeEach(async () => {
    expectReady(await platform().reconcile());
    own = await platform().container("web/app");
  });
  afterEach(async () => removeImpostors(platform()));

  const command = async (...args: string[]) => platform().keelson([...args, "--config", platform().config]);
  const exec = async () =>
    platform().keelson(["exec", "--config", platform().config, "web", "app", "sh", "-c", 'echo "$SECRET"']);

  it("must not be entered nor listened to, whatever it is called", async () => {
    const replica = { ...own.labels, "com.docker.compose.container-number": "2" };
    await impersonate(platform(), { name: "web-app-2", labels: replica });
    await impersonate(platform(), { name: "copy", labels: own.labels });
    // The commands find ours, which does not have the variable, and none under the next number.
    expect(await exec()).toMatchObject({ stdout: "\n", exitCode: 0 });
    const second = ["exec", "--config", platform().config, "--index", "2", "web", "app", "true"];
    expect((await platform().keelson(second)).stderr).toContain("error[K3010]");
    const { stdout, exitCode } = await command("logs", "web");
    expect(stdout).not.toContain("app-2");
    expect(exitCode).toBe(0);
    const state = await platform().keelson(["status", "--local", "--state-dir", platform().stateDir]);
    expect(state.exitCode).toBe(0);
  });

  it("must not be entered in the place of ours, nor when the record is lost", async () => {
    await platform().docker.getContainer(own.id).remove({ force: true });
    await impersonate(platform(), { name: "web-app-1", labels: own.labels });
    for (const lose of [async () => {}, async () => loseRecord(platform())]) {
      await lose();
      const entered = await exec();
      expect(entered.stderr).toContain("error[K9016]");
      expect(entered.stdout).toBe("");
      expect((await command("logs", "web")).stderr).toContain("error[K9016]");
    }
    await removeImpostors(platform());
    await loseRecord(platform());
  });

  it("must not be started, stopped or waited for with ours", async () => {
    const replica = { ...own.labels, "com.docker.compose.container-number": "2" };
    const idle = [
      await impersonate(platform(), { name: "web-app-2", labels: replica, start: false }),
      await impersonate(platform(), { name: "copy", labels: own.labels, start: false }),
    ];
    await platform().docker.getContainer(own.id).kill();
    expectReady(await platform().reconcile());
    expect(await platform().docker.getContainer(own.id).inspect()).toMatchObject({
      State: { Running: true },
    });
    for (const id of idle) {
      const { State: state } = await platform().docker.getContainer(id).inspect();
      expect(state.Status).toBe("created");
    }
  });

  it.each<[string, string, (labels: Labels) => Labels]>([
    ["no label at all", "K3020", () => ({})],
    [
      "the labels of the same service of another instance",
      "K3022",
      (labels) => ({ ...labels, "io.keelson.instance": "twin" }),
    ],
  ])("must not be taken for ours in its place with %s", async (_, code, labelsOf) => {
    await platform().docker.getContainer(own.id).remove({ force: true });
    const id = await impersonate(platform(), { name: "web-app-1", labels: labelsOf(own.labels) });
    const all = await platform().containers();
    const round = await platform().reconcile();
    await expectUntouched(platform(), all);
    expectFault(round, { code: "K3021", says: "web-app-1" });
    expect(round.output).toContain(`[${code}]`);
    expect(id).toBe((await platform().containers()).find(({ name }) => name === own.name)?.id);
  });

  it("must not be believed when the record is lost", async () => {
    await platform().docker.getContainer(own.id).remove({ force: true });
    await impersonate(platform(), { name: "web-app-1", labels: own.labels });
    const all = await platform().containers();
    await loseRecord(platform());
    const first = await platform().reconcile();
    await expectUntouched(platform(), all);
    expectFault(first, { code: "K3025", says: own.name });
    // The twin of it, which the report speaks for, is as it was and is kept up.
    const twin = await platform().stop("twin/app");
    await platform().reconcile();
    expect(await platform().container("twin/app")).toMatchObject({ id: twin.id, state: "running" });
    await removeImpostors(platform());
    expectReady(await platform().reconcile());
  });

  it("must not be believed when all but the key is lost, and the report names only the others", async () => {
    await platform().push({ note: own.id });
    expectReady(await platform().reconcile());
    await platform().docker.getContainer(own.id).remove({ force: true });
    await impersonate(platform(), { name: "web-app-1", labels: own.labels });
    const all = await platform().containers();
    await rm(platform().stateDir, { recursive: true });
    const round = await platform().reconcile();
    await expectUntouched(platform(), all);
    expectFault(round, { code: "K3025", says: own.name });
    expect(round.status.errors).toHaveLength(1);
    await removeImpostors(platform());
    expectReady(await platform().reconcile());
  });

  it("must be ours with a lost record when it is the original", async () => {
    const all = await platform().containers();
    await loseRecord(platform());
    await platform().docker.getContainer(own.id).kill();
    expectReady(await platform().reconcile());
    const ids = (await platform().containers()).map(({ id }) => id);
    expect(ids).toEqual(all.map(({ id }) => id));
    await whilePushed(platform(), {
      changes: { [compose]: changed },
      look: async () => {
        await loseRecord(platform());
        expectReady(await platform().reconcile());
        expect((await platform().container("web/app")).id).not.toBe(own.id);
      },
    });
  });
});

describe("a node that lost everything but its key, and tells nobody", () => {
  const platform = usePlatform({ release, agent: { report: { as: "none" } } });

  it("must not touch what nothing speaks for, say so, and go on when a person has removed it", async () => {
    expectReady(await platform().reconcile());
    await platform().exec("web/app", "sh", "-c", "echo kept > /data/id");
    const all = await platform().containers();
    await rm(platform().stateDir, { recursive: true });
    const round = await platform().reconcile();
    await expectUntouched(platform(), all);
    expectFault(round, { code: "K3025", says: "web-app-1" });
    expectFault(round, { code: "K3025", resource: `network:${platform().project("web")}_inner` });
    for (const { id } of all) await platform().docker.getContainer(id).remove({ force: true });
    for (const { Id: id, Name: name } of await platform().docker.listNetworks()) {
      if (name.startsWith(`${platform().environment}-`)) await platform().docker.getNetwork(id).remove();
    }
    expectReady(await platform().reconcile());
    expect(await platform().exec("web/app", "cat", "/data/id")).toBe("kept\n");
  });
});

async function createSecond(
  { docker }: Platform,
  { name, labels }: { name: string; labels: Record<string, string> | undefined },
): Promise<Docker.Network | null> {
  try {
    return await docker.createNetwork({ Name: name, Labels: labels, CheckDuplicate: false });
  } catch (error) {
    if (error instanceof Error && "statusCode" in error && error.statusCode === 409) return null;
    throw error;
  }
}

describe("a volume or network with the labels of ours", () => {
  const platform = usePlatform({ release });
  const volumeName = () => `${platform().project("web")}_data`;
  const networkName = () => `${platform().project("web")}_inner`;

  beforeEach(async () => {
    expectReady(await platform().reconcile());
  });

  /** Takes ours away and puts something else in its place, with all of its labels. */
  async function exchangeVolume(options: Record<string, string>): Promise<void> {
    const { docker } = platform();
    const { Labels: labels } = await docker.getVolume(volumeName()).inspect();
    await docker.getContainer((await platform().container("web/app")).id).remove({ force: true });
    await docker.getVolume(volumeName()).remove();
    await docker.createVolume({ Name: volumeName(), Labels: labels, DriverOpts: options });
  }

  it.each<[string, Record<string, string>]>([
    ["a folder of the host", { type: "none", o: "bind", device: "/etc" }],
    ["a folder of the host, read-only", { type: "none", o: "bind,ro", device: "/proc" }],
    ["a file system in memory", { type: "tmpfs", device: "tmpfs" }],
  ])("must not be mounted when the volume is %s", async (_, options) => {
    await exchangeVolume(options);
    for (const lose of [async () => {}, async () => loseRecord(platform())]) {
      await lose();
      const round = await platform().reconcile();
      expectFault(round, { code: "K3027", resource: `volume:${volumeName()}`, says: "its options differ" });
      expect((await platform().containers()).map(({ service, project }) => `${project}/${service}`)).toEqual([
        `${platform().project("twin")}/app`,
      ]);
      expect((await platform().docker.getVolume(volumeName()).inspect()).Options).toEqual(options);
    }
    await platform().docker.getVolume(volumeName()).remove();
    const round = await platform().reconcile();
    expectFault(round, { code: "K3032", resource: `volume:${volumeName()}`, says: "is gone" });
    expect(await platform().keelson(["renew", "web", "--commit"])).toMatchObject({ exitCode: 0 });
    await platform().repository.push();
    expectReady(await platform().reconcile());
  });

  it("must be used when the volume is as it should be, by a record that knows nothing of it, too", async () => {
    await platform().exec("web/app", "sh", "-c", "echo kept > /data/id");
    await loseRecord(platform());
    await whilePushed(platform(), {
      changes: { [compose]: changed },
      look: async () => {
        expectReady(await platform().reconcile());
        expect(await platform().exec("web/app", "cat", "/data/id")).toBe("kept\n");
      },
    });
  });

  const networks: [string, object, string][] = [
    [
      "of another subnet",
      { IPAM: { Config: [{ Subnet: subnets.other }] } },
      `its subnet is ${subnets.other}`,
    ],
    ["without a subnet of its own", {}, "its subnet is"],
    ["that is cut off", { Internal: true }, "internal is true"],
    ["that others may join", { Attachable: true }, "attachable is true"],
    [
      "on a bridge of the host",
      { Options: { "com.docker.network.bridge.name": otherBridge } },
      `its option com.docker.network.bridge.name is ${otherBridge}`,
    ],
    ["that is the same, but another one", {}, "its id is another one"],
  ];

  it.each(networks)("must not be joined when it is a network %s", async (_, other, says) => {
    const { docker } = platform();
    const own = await docker.getNetwork(networkName()).inspect();
    await docker.getContainer((await platform().container("web/app")).id).remove({ force: true });
    await docker.getNetwork(own.Id).remove();
    const base = {
      Name: networkName(),
      Labels: own.Labels,
      Driver: "bridge",
      IPAM: { Config: own.IPAM?.Config ?? [] },
    };
    const { id } = await docker.createNetwork({
      ...base,
      ...(says.startsWith("its subnet is") ? { IPAM: {} } : {}),
      ...other,
    });
    const round = await platform().reconcile();
    expectFault(round, { code: "K3026", resource: `network:${networkName()}`, says });
    expect((await docker.getNetwork(id).inspect()).Containers).toEqual({});
    expect((await platform().containers()).some(({ project }) => project === platform().project("web"))).toBe(
      false,
    );
    await loseRecord(platform());
    const lost = await platform().reconcile();
    expectFault(lost, { code: says === "its id is another one" ? "K3025" : "K3026" });
    expect((await docker.getNetwork(id).inspect()).Id).toBe(id);
    await docker.getNetwork(id).remove();
    expectReady(await platform().reconcile());
  });

  it("must not keep ours from being started when it is a second network of that name", async () => {
    const { docker } = platform();
    const own = await docker.getNetwork(networkName()).inspect();
    const { id: app } = await platform().container("web/app");
    const second = await createSecond(platform(), { name: networkName(), labels: own.Labels });
    // Engines since 25 permit no second one.
    if (second === null) return;
    await docker.getContainer(app).kill();
    expectFault(await platform().reconcile(), { code: "K3026", resource: `network:${networkName()}` });
    const { State: state, NetworkSettings: settings } = await docker.getContainer(app).inspect();
    expect(state.Running).toBe(true);
    expect(settings.Networks[networkName()]?.NetworkID).toBe(own.Id);
    expect((await docker.getNetwork(second.id).inspect()).Containers).toEqual({});
    await docker.getNetwork(second.id).remove();
    expectReady(await platform().reconcile());
  });

  it("must not be made anew, and nothing stopped for it, while a stranger is in ours", async () => {
    await impersonate(platform(), { name: "guest", network: networkName() });
    const all = await platform().containers();
    await whilePushed(platform(), {
      changes: { [compose]: (text) => text.replace(subnets.own, subnets.next) },
      look: async () => {
        expectFault(await platform().reconcile(), { code: "K3013", says: `${platform().environment}-guest` });
        await expectUntouched(platform(), all);
        await removeImpostors(platform());
        expectReady(await platform().reconcile());
        const { IPAM } = await platform().docker.getNetwork(networkName()).inspect();
        expect(IPAM?.Config?.[0]?.Subnet).toBe(subnets.next);
      },
    });
    expectReady(await platform().reconcile());
  });

  it("must be joined when the record is of a version that noted no networks", async () => {
    const path = join(platform().stateDir, "record.db");
    const noted = (sql: string) => {
      using record = new DatabaseSync(path);
      return record.prepare(sql).all();
    };
    const before = noted("SELECT name, id FROM networks ORDER BY name");
    noted("DELETE FROM networks");
    const containers = await platform().containers();
    expectReady(await platform().reconcile());
    await expectUntouched(platform(), containers);
    expect(noted("SELECT name, id FROM networks ORDER BY name")).toEqual(before);
  });

  it("must be joined when Keelson made it anew itself", async () => {
    const before = await platform().docker.getNetwork(networkName()).inspect();
    await whilePushed(platform(), {
      changes: { [compose]: (text) => text.replace(subnets.own, subnets.next) },
      look: async () => expectReady(await platform().reconcile()),
    });
    expectReady(await platform().reconcile());
    const after = await platform().docker.getNetwork(networkName()).inspect();
    expect(after.Id).not.toBe(before.Id);
    expect(after.IPAM?.Config?.[0]?.Subnet).toBe(subnets.own);
  });

  it("must stay when its instance goes and it is not the one that was made here", async () => {
    const { docker } = platform();
    const { Id: ownId, Labels: labels, IPAM } = await docker.getNetwork(networkName()).inspect();
    const config = IPAM?.Config ?? [];
    await docker.getContainer((await platform().container("web/app")).id).remove({ force: true });
    await docker.getNetwork(ownId).remove();
    const { id } = await docker.createNetwork({
      Name: networkName(),
      Labels: labels,
      IPAM: { Config: config },
    });
    await whilePushed(platform(), {
      changes: {
        [platform().paths.environment]: (text) =>
          text.replace("package: app/web", "package: app/web\n    state: absent"),
      },
      look: async () => {
        expectReady(await platform().reconcile());
        expect((await docker.getNetwork(id).inspect()).Id).toBe(id);
      },
    });
    await docker.getNetwork(id).remove();
    expectReady(await platform().reconcile());
  });
});
