import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeTempFolder, sharedEngine, uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("h");
const folder = await makeTempFolder();
const media = folder.join("media");
const other = `${name}-foreign`;
const vpn = `${name}-vpn`;
const head = `image: "IMAGES/app:1", init: true, stop_grace_period: 1s, command: [sleep, "3600"]`;
const file = `environments/${name}/environment.yaml`;
const compose = `apps/${name}-app/compose.yaml`;

/** What both sides grant, each as narrowly as it can be. */
const grants = {
  paths: [`${media}/films`, `${media}/inbox`],
  mounts: ["cifs://nas.lan/music"],
  capabilities: ["NET_ADMIN"],
  devices: ["/dev/null"],
  deviceRules: ["c 188:* rwm"],
  securityOptions: ["seccomp=strict.json"],
  namespaces: [`network:container:${vpn}`],
  networks: [`${name}-known`],
  networkDrivers: ["macvlan:eth0.20"],
  volumeDrivers: ["rclone"],
  subnets: ["198.18.7.0/24"],
};
const allow = {
  ...grants,
  paths: {
    media: { path: media },
    narrow: { path: `${media}/inbox/kept`, readOnly: true },
  },
  adopt: [`${name}-foreig`, `${other}2`, other.toUpperCase()],
};
const environment = (instances = "") => `name: ${name}
discover: [{ path: "apps/*", on: { node: n1 }, project: folder }]
policy: ${JSON.stringify({ allow: { [`./apps/${name}-app`]: grants } })}
${instances}`;
const harmless = `services:
  app:
    image: IMAGES/app:1
    init: true
    stop_grace_period: 1s
    command: [sleep, "3600"]
    network_mode: none
    cap_add: [cap_net_admin]
    devices: ["/dev/./null"]
    device_cgroup_rules: ["c 188:* mrw"]
    security_opt: ["seccomp=./strict.json"]
    volumes: ["${media}/films/../films/:/films:ro"]
  writer: { ${head}, network_mode: none, volumes: ["${media}/inbox:/inbox"] }
  guest: { ${head}, network_mode: "container:${vpn}" }
`;

describe("a grant that a commit stretches", () => {
  beforeAll(async () => {
    await mkdir(join(media, "films"), { recursive: true });
    await mkdir(join(media, "inbox/below"), { recursive: true });
    await mkdir(join(media, "inbox/kept/deep"), { recursive: true });
    await writeFile(folder.join("secret"), "none of the package's");
    await symlink(folder.path, join(media, "films/out"));
    await symlink("/dev/zero", `/dev/${name}`);
    // It goes with all that has the platform's name.
    await (await sharedEngine()).createNetwork({ Name: other });
  });
  afterAll(async () => {
    await rm(`/dev/${name}`, { force: true });
    await folder[Symbol.asyncDispose]();
  });
  const platform = usePlatform({
    name,
    files: {
      [file]: environment(),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      [compose]: harmless,
      [`apps/${name}-app/strict.json`]: '{ "defaultAction": "SCMP_ACT_ALLOW" }',
      [`apps/${name}-app/loose.json`]: '{ "defaultAction": "SCMP_ACT_ALLOW" }',
      [`apps/${name}-vpn/compose.yaml`]: `services:\n  vpn: { ${head}, container_name: ${vpn} }\n`,
    },
  });
  /** What the node would be told of a commit, which is taken back. */
  const planOf = async (changes: Record<string, (text: string) => string>) => {
    await platform().commit(changes);
    const { stdout, stderr, exitCode } = await platform().keelson(["plan", "--config", platform().config]);
    await platform().repository.git("reset", "--quiet", "--hard", "HEAD~1");
    expect(exitCode).toBe(1);
    return `${stdout}${stderr}`;
  };
  const inApp = (from: string, to: string) => (text: string) => {
    expect(text).toContain(from);
    return text.replace(from, () => to);
  };
  const withNetwork = (definition: string) => (text: string) =>
    `${text.replace(/ {2}writer: .*/, `  writer: { ${head}, networks: [far] }`)}networks: { far: ${definition} }\n`;

  it("must work as far as it goes, in each spelling", async () => {
    await platform().configure({ allow });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().exec("app/app", "ls", "/films")).toContain("out");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it.each([
    ["K1404", "a path that climbs", "/films/../films/:", "/films/../../secret:"],
    ["K1404", "the folder above", "/films/../films/:", "/:"],
    ["K1404", "a sibling whose name begins so", "/films/../films/:", "/films2:"],
    ["K3061", "a link out of it", "/films/../films/:", "/films/out/secret:"],
    ["K3061", "a folder behind a link", "/films/../films/:", "/films/out:"],
    ["K3064", "a bind below what another container can write", "/films/../films/:", "/inbox/below:"],
    ["K3064", "the same through its own name", "/films/../films/:", "/inbox/./below/:"],
    ["K3061", "what an inner path permits read-only", "/inbox:/inbox", "/inbox/kept:/inbox"],
    ["K3061", "what lies below that", "/inbox:/inbox", "/inbox/kept/deep:/inbox"],
    ["K3061", "the same by its way around", "/inbox:/inbox", "/inbox/below/../kept/:/inbox"],
    ["K1401", "another capability", "cap_net_admin", "cap_sys_admin"],
    ["K1401", "the same in capitals", "cap_net_admin", "CAP_SYS_ADMIN"],
    ["K1401", "the same in both", "cap_net_admin", "Cap_Sys_Admin"],
    ["K1401", "a capability with a blank", "[cap_net_admin]", "['NET_ADMIN ']"],
    ["K1401", "all of them", "cap_net_admin", "all"],
    ["K1403", "another device by dots", "/dev/./null", "/dev/./zero"],
    ["K1403", "another device by climbing", "/dev/./null", "/dev/null/../zero"],
    ["K1403", "a device by a link", "/dev/./null", `/dev/${name}`],
    ["K1403", "the folder of the device", "/dev/./null", "/dev"],
    ["K1403", "other numbers", "c 188:* mrw", "c *:* mrw"],
    ["K1403", "a disk by its number", "c 188:* mrw", "b 8:* rwm"],
    ["K1403", "all devices", "c 188:* mrw", "a *:* rwm"],
    ["K1401", "another profile", "seccomp=./strict.json", "seccomp=./loose.json"],
    ["K1401", "no profile", "seccomp=./strict.json", "seccomp:unconfined"],
    ["K1401", "a profile of the host", "seccomp=./strict.json", "seccomp=/etc/strict.json"],
    ["K1401", "a profile that climbs", "seccomp=./strict.json", "seccomp=../../../strict.json"],
    ["K1402", "another namespace of the same container", "app:\n", `app:\n    pid: "container:${vpn}"\n`],
    ["K1402", "the host's namespace", `"container:${vpn}"`, "host"],
    ["K1402", "the name in capitals", `"container:${vpn}"`, `"container:${vpn.toUpperCase()}"`],
  ])("must not reach with %s: %s", async (code, _what, from, to) => {
    expect(await planOf({ [compose]: inApp(from, to) })).toContain(`[${code}]`);
  });

  it.each([
    ["K1310", "a network that somebody else has made", `{ external: true, name: ${other} }`],
    [
      "K1310",
      "a network of the granted name in capitals",
      `{ external: true, name: ${name.toUpperCase()}-KNOWN }`,
    ],
    ["K3007", "an own network of a foreign one's name", `{ name: ${other} }`],
    ["K1415", "another interface", "{ driver: macvlan, driver_opts: { parent: eth0 } }"],
    ["K1415", "another driver of the interface", "{ driver: ipvlan, driver_opts: { parent: eth0.20 } }"],
    ["K1415", "the driver as a plugin", "{ driver: MACVLAN, driver_opts: { parent: eth0.20 } }"],
    [
      "K1415",
      "the whole interface",
      "{ driver: macvlan, driver_opts: { parent: eth0.20, macvlan_mode: passthru } }",
    ],
    ["K1431", "a larger subnet", "{ ipam: { config: [{ subnet: 198.18.6.0/23 }] } }"],
    ["K1431", "its neighbour", "{ ipam: { config: [{ subnet: 198.18.8.0/24 }] } }"],
  ])("must not reach with %s: %s", async (code, _what, definition) => {
    expect(await planOf({ [compose]: withNetwork(definition) })).toContain(`[${code}]`);
  });

  it.each(["//nas.lan/music\\\\private", "//x\\\\private/music", "//nas.lan/music/a\\\\..\\\\..\\\\private"])(
    "must not reach the share %s (K1410)",
    async (device) => {
      const share = `{ type: cifs, o: "addr=nas.lan,guest", device: "${device}" }`;
      const text = `${harmless.replace(`${media}/inbox:`, "far:")}volumes: { far: { driver_opts: ${share} } }\n`;
      expect(await planOf({ [compose]: () => text })).toContain("[K1410]");
    },
  );

  it.each(["rclone2", "Rclone", "rclone:1", "vieux/rclone"])(
    "must not reach the plugin %s (K1410)",
    async (driver) => {
      const text = `${harmless.replace(`${media}/inbox:`, "far:")}volumes: { far: { driver: "${driver}" } }\n`;
      expect(await planOf({ [compose]: () => text })).toContain("[K1410]");
    },
  );

  it("must not take over a project of somebody else (K3085)", async () => {
    const docker = await sharedEngine();
    const labels = { "com.docker.compose.project": other, "com.docker.compose.service": "vpn" };
    const foreign = await docker.createContainer({ Image: platform().image("app:1"), Labels: labels });
    try {
      const instance = `instances: { ${name}-vpn: { package: ./apps/${name}-vpn, adopt: true, project: ${other} } }\n`;
      expect(await planOf({ [file]: () => environment(instance) })).toContain("[K3085]");
      expect((await foreign.inspect()).State.Status).toBe("created");
    } finally {
      await foreign.remove({ force: true });
    }
  });
});
