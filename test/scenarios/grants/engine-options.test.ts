import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { NodeGrants } from "../../../libs/model/src/index.ts";
import { type EnginePlugin, startEnginePlugin, uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("o");
const plugin = `${name}plugin`;
const app = `./apps/${name}-app`;
const profile = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }],
};
const head = `image: "IMAGES/app:1", init: true, stop_grace_period: 1s, command: [sleep, "3600"]`;
const compose = `services:
  strict: { ${head}, network_mode: none, security_opt: ["seccomp=./profiles/strict.json"] }
  loose: { ${head}, network_mode: none, security_opt: [seccomp:unconfined] }
  serial: { ${head}, network_mode: none, device_cgroup_rules: ["c 188:* mrw"] }
  plugged: { ${head}, networks: [far] }
networks: { far: { driver: ${plugin}, driver_opts: { zone: a } } }
`;
const grants = {
  securityOptions: ["seccomp=profiles/strict.json", "seccomp=unconfined"],
  deviceRules: ["c 188:* rwm"],
  networkDrivers: [plugin],
} satisfies NodeGrants;
const environment = (allow: object) =>
  `name: ${name}\ndiscover: [{ path: "apps/*", on: { node: n1 }, project: folder }]\npolicy: ${JSON.stringify({ allow: { [app]: allow } })}\n`;

describe("what engines and plugins do for a container", () => {
  let started: EnginePlugin;
  beforeAll(async () => {
    started = await startEnginePlugin(plugin);
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
  });
  const file = `environments/${name}/environment.yaml`;
  const platform = usePlatform({
    name,
    files: {
      [file]: environment({}),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      [`${app.slice(2)}/compose.yaml`]: compose,
      [`${app.slice(2)}/profiles/strict.json`]: JSON.stringify(profile),
    },
  });
  const inspect = async (service: string) => {
    const { id } = await platform().container(`app/${service}`);
    return platform().docker.getContainer(id).inspect();
  };
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);

  it("must be refused where nobody grants it, and where only the node does, with both lines", async () => {
    await platform().configure({ allow: grants });
    const { stderr, exitCode } = await platform().keelson(["check"]);
    expect(exitCode).toBe(1);
    for (const [code, line] of [
      ["K1401", "securityOptions: [seccomp=profiles/strict.json]"],
      ["K1401", "securityOptions: [seccomp=unconfined]"],
      ["K1403", 'deviceRules: ["c 188:* rwm"]'],
      ["K1415", `networkDrivers: [${plugin}]`],
    ]) {
      expect(stderr).toContain(`[${code}]`);
      expect(stderr).toContain(`policy: { allow: { ${app}: { ${line} } } }`);
      expect(stderr).toContain(`allow: { ${line} }`);
    }
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await platform().containers()).toEqual([]);
  });

  it.each([
    ["securityOptions", ["seccomp=profiles/stric", "seccomp=builtin"]],
    ["deviceRules", ["c 188:0 rwm"]],
    ["networkDrivers", [`${plugin}:2`]],
  ])("must be refused where %s are granted too narrowly", async (kind, narrow) => {
    await platform().push({ [file]: environment({ ...grants, [kind]: narrow }) });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await platform().containers()).toEqual([]);
  });

  it("must be refused where only the environment grants it, or the node too little", async () => {
    await platform().push({ [file]: environment(grants) });
    expect((await platform().keelson(["check"])).exitCode).toBe(0);
    for (const kind of [undefined, "securityOptions", "deviceRules", "networkDrivers"]) {
      await platform().configure({ allow: kind === undefined ? {} : { ...grants, [kind]: [] } });
      expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await codes()).toContain("K3060");
      expect(await platform().containers()).toEqual([]);
    }
  });

  it("must be what containers have where both grant it", async () => {
    await platform().configure({ allow: grants });
    const planned = await platform().keelson(["plan", "--config", platform().config]);
    expect(planned.stdout).toContain(`new  ${name}-app/serial  devices by number: c 188:* rwm`);
    const round = await platform().reconcile();
    expect(round.output).not.toContain("error");
    expect(round.exitCode).toBe(0);
    const [strict, loose, serial] = await Promise.all(["strict", "loose", "serial"].map(inspect));
    expect(strict?.HostConfig.SecurityOpt).toEqual([`seccomp=${JSON.stringify(profile)}`]);
    expect(loose?.HostConfig.SecurityOpt).toEqual(["seccomp:unconfined"]);
    expect(serial?.HostConfig.DeviceCgroupRules).toEqual(["c 188:* mrw"]);
    expect(started.asked.filter(({ call }) => call === "/NetworkDriver.CreateNetwork")).toMatchObject([
      { options: { "com.docker.network.generic": { zone: "a" } } },
    ]);
    await expect(platform().exec(`app/strict`, "mkdir", "/made")).rejects.toThrow("not permitted");
    await platform().exec(`app/loose`, "mkdir", "/made");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must replace the container whose seccomp profile changes, and no other", async () => {
    const before = await platform().containers();
    await platform().push({
      [`${app.slice(2)}/profiles/strict.json`]: JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW" }),
    });
    expect((await platform().reconcile()).exitCode).toBe(0);
    await platform().exec(`app/strict`, "mkdir", "/made");
    const kept = (await platform().containers()).filter(({ id }) => before.some((each) => each.id === id));
    expect(kept.map(({ service }) => service).sort()).toEqual(["loose", "plugged", "serial"]);
  });

  it.each([
    ["K1401", "seccomp=/etc/passwd"],
    ["K1401", "seccomp=../../../etc/passwd"],
    ["K1333", "seccomp=profiles/missing.json"],
    ["K1333", "seccomp=profiles"],
    ["K1333", "seccomp=compose.yaml"],
    ["K1401", "seccomp:$${HOME}/x.json"],
  ])("must be refused with %s for %s, whatever is granted", async (code, option) => {
    await platform().push({
      [file]: environment({ ...grants, securityOptions: ["seccomp=unconfined"] }),
      [`${app.slice(2)}/compose.yaml`]: compose.replace("seccomp=./profiles/strict.json", () => option),
    });
    const { stderr, exitCode } = await platform().keelson(["check"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`[${code}]`);
  });

  it("must be planned of a volume plugin and of an interface of the host, which this machine does not have", async () => {
    const more = { volumeDrivers: ["vieux/sshfs"], networkDrivers: ["macvlan:eth0.20", plugin] };
    const lan = "{ driver: macvlan, driver_opts: { parent: eth0.20 } }";
    await platform().push({
      [file]: environment({ ...grants, ...more }),
      [`${app.slice(2)}/compose.yaml`]: compose
        .replace("networks: [far]", "networks: [far, lan], volumes: ['share:/x']")
        .replace(
          "networks: { far:",
          `volumes: { share: { driver: "vieux/sshfs:latest" } }\nnetworks: { lan: ${lan}, far:`,
        ),
    });
    const plan = async (allow: NodeGrants) => {
      await platform().configure({ allow: { ...grants, ...allow } });
      return (await platform().keelson(["plan", "--config", platform().config])).stdout;
    };
    for (const allow of [{ volumeDrivers: ["vieux/sshfs"] }, { networkDrivers: more.networkDrivers }])
      expect(await plan(allow)).toContain("K3060");
    expect(await plan({ ...more, networkDrivers: ["macvlan:eth0", plugin] })).toContain("macvlan:eth0.20");
    const planned = await plan(more);
    expect(planned).not.toContain("K3060");
    expect(planned).toMatch(/new {2}\S+-app +network driver macvlan:eth0\.20\n/);
    expect(planned).toMatch(/new {2}\S+-app +volume driver vieux\/sshfs\n/);
  });
});
