import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("j");
const vpn = `${name}-tunnel`;
const head = `init: true, stop_grace_period: 1s, command: [sleep, "3600"]`;
const file = `environments/${name}/environment.yaml`;
const guests = `apps/${name}-guests/compose.yaml`;
const host = `apps/${name}-host/compose.yaml`;
const local = `./apps/${name}-guests`;
const grants = { namespaces: [`network:container:${vpn}`, `pid:container:${vpn}`, `ipc:container:${vpn}`] };
const environment = (allow: object | "all") =>
  `name: ${name}\ndiscover: [{ path: "apps/*", on: { node: n1 }, project: folder }]\npolicy: ${JSON.stringify({ allow: { [local]: allow } })}\n`;

describe("a namespace of another instance's container", () => {
  const platform = usePlatform({
    name,
    files: {
      [file]: environment({}),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      [host]: `services:\n  vpn: { image: "IMAGES/vpn:1", container_name: ${vpn}, ${head}, ipc: shareable }\n`,
      [guests]: `services:
  torrent: { image: "IMAGES/app:1", ${head}, network_mode: "container:${vpn}", pid: "container:${vpn}", ipc: "container:${vpn}" }
  linked: { image: "IMAGES/app:1", ${head}, external_links: ["${vpn}:tunnel"] }
`,
    },
  });
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);
  const check = async () => (await platform().keelson(["check"])).stderr;
  const torrent = async () => {
    const { id } = await platform().container("guests/torrent");
    return platform().docker.getContainer(id).inspect();
  };
  const networkOf = async (of: string) => platform().exec(of, "readlink", "/proc/self/ns/net");
  /** What a commit of this Compose file is told, which is taken back. */
  const checkOf = async (change: (text: string) => string) => {
    await platform().commit({ [guests]: change });
    const told = await check();
    await platform().repository.git("reset", "--quiet", "--hard", "HEAD~1");
    return told;
  };

  it("must be refused where nobody grants it, or only the node, or one of another kind, or of another name", async () => {
    await platform().configure({ allow: grants });
    const told = await check();
    expect(told).toContain(`[K1402] ${guests}:2:`);
    expect(told).toContain(
      `policy: { allow: { ${local}: { namespaces: ["network:container:${vpn}"] } } }, and in agent.yaml of its nodes: allow: { namespaces: ["network:container:${vpn}"] }`,
    );
    for (const narrow of [
      ["network"],
      ["pid", "ipc"],
      [...grants.namespaces.slice(1), `network:container:${vpn}2`],
    ]) {
      await platform().push({ [file]: environment({ namespaces: narrow }) });
      expect(await check()).toContain("[K1402]");
    }
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect((await platform().containers()).map(({ service }) => service)).toEqual(["vpn"]);
  });

  it("must be refused where only the environment grants it, or the node the host's alone", async () => {
    await platform().push({ [file]: environment(grants) });
    expect(await check()).toBe("");
    for (const allow of [{}, { namespaces: ["network", "pid", "ipc"] }]) {
      await platform().configure({ allow });
      expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await codes()).toEqual(["K3060"]);
    }
    expect((await platform().containers()).map(({ service }) => service)).toEqual(["vpn"]);
  });

  it("must be what both grant, and come up after it", async () => {
    await platform().configure({ allow: grants });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await torrent()).HostConfig.NetworkMode).toContain("container:");
    expect(await networkOf("guests/torrent")).toBe(await networkOf("host/vpn"));
    expect(await platform().exec("guests/torrent", "ps")).toContain("sleep");
    expect((await platform().reconcile()).output).toContain("nothing to do");
    const { instances } = await platform().status();
    const used =
      instances.find(({ name: each }) => each === "guests" || each.endsWith("-guests"))?.grants ?? [];
    expect(used.map(({ value }) => value).sort()).toEqual(grants.namespaces.toSorted());
  });

  it("must be followed into the namespace of the next container, when its own is replaced or started anew", async () => {
    const before = await torrent();
    await platform().push({ [host]: (text) => text.replace("vpn:1", "vpn:2") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await torrent()).Id).not.toBe(before.Id);
    expect(await networkOf("guests/torrent")).toBe(await networkOf("host/vpn"));
    await platform().stop("host/vpn");
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await networkOf("guests/torrent")).toBe(await networkOf("host/vpn"));
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must never be one of somebody else, of a name that nobody has, or of an id", async () => {
    const foreign = `${name}other`;
    const container = await platform().docker.createContainer({
      name: foreign,
      Image: platform().image("app:1"),
      Cmd: ["sleep", "3600"],
    });
    try {
      await container.start();
      await platform().push({ [file]: environment("all") });
      await platform().configure({ allow: "all" });
      const joins = (other: string) => (text: string) => text.replaceAll(vpn, other);
      const told = await checkOf(joins(foreign));
      expect(told).toContain("[K1332]");
      expect(told).toContain(
        `torrent names the container ${foreign}, which no instance of this node and environment has`,
      );
      expect(told).toContain(`linked names the container ${foreign}`);
      expect(await checkOf(joins(vpn.toUpperCase()))).toContain("[K1332]");
      expect(await checkOf(joins(container.id))).toContain("[K1402]");
      expect(await checkOf(joins(container.id.slice(0, 12)))).toContain("[K1402]");
      await platform().push({ [guests]: joins(foreign) });
      const before = await torrent();
      expect((await platform().reconcile()).exitCode).toBe(1);
      expect((await torrent()).Id).toBe(before.Id);
    } finally {
      await container.remove({ force: true });
    }
  });
});
