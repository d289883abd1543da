import { describe, expect, it } from "vitest";
import { expectReady } from "../faults/outcome.ts";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/store/package.yaml --
provides: { store: 1.0.0 }
-- packages/store/compose.yaml --
services:
  db: { image: "IMAGES/db:1", volumes: [/data], networks: { stores: { aliases: [database] } } }
  many: { image: "IMAGES/many:1", scale: 2, networks: [stores, other] }
  job: { image: "IMAGES/job:1", command: [sh, -c, "hostname"], restart: "no", networks: [stores] }
  elsewhere: { image: "IMAGES/elsewhere:1", networks: [other] }
networks:
  stores: { labels: { tier: first }, ipam: { config: [{ subnet: 10.191.66.0/25 }] } }
  other: {}
-- packages/web/package.yaml --
requires: { store: ^1.0.0 }
variables: { STORE: '{{ requires["store"].project }}_stores' }
-- packages/web/compose.yaml --
services:
  app:
    image: IMAGES/app:1
    networks: { store: { ipv4_address: 10.191.66.100 }, own: {} }
    ports: ["127.0.0.1::8080"]
networks: { store: { external: true, name: "\${STORE}" }, own: {} }
`;
const compose = "packages/store/compose.yaml";

describe("a network that changes", () => {
  const platform = usePlatform({ release });
  const network = async () =>
    platform()
      .docker.getNetwork(`${platform().project("store")}_stores`)
      .inspect();

  it("must keep every container that is in it, with what it holds", async () => {
    expectReady(await platform().reconcile());
    await platform().exec("store/db", "sh", "-c", "echo precious > /data/note");
    const before = await platform().containers();
    const old = await network();
    await change("first", "second");
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({});
    expect(round.output).toMatch(/± recreate network \S+_stores/);
    expect(round.output).toContain("4 to connect, 1 unchanged");
    expectReady(round);
    expect((await network()).Id).not.toBe(old.Id);
    expect(await network()).toMatchObject({ Labels: { tier: "second" } });
    await expectAllToMeet();
    expect((await platform().reconcile()).output).toContain("nothing to do");
    expect(await platform().exec("store/db", "cat", "/data/note")).toBe("precious\n");
  });

  it("must have new addresses with a new subnet, and the one that a service asks for", async () => {
    const before = await platform().containers();
    await change("10.191.66.0/25", "10.191.66.64/26");
    expectReady(await platform().reconcile());
    expect(compareContainers(before, await platform().containers())).toEqual({});
    await expectAllToMeet();
    const stores = `${platform().project("store")}_stores`;
    expect((await platform().container("store/db")).addresses[stores]).toMatch(
      /^10\.191\.66\.(6[4-9]|[7-9]\d|1\d\d)$/,
    );
    expect((await platform().container("web/app")).addresses[stores]).toBe("10.191.66.100");
  });

  it("must be there for a job that is run again by hand, and for what was stopped", async () => {
    const job = platform().docker.getContainer((await platform().container("store/job")).id);
    await job.start();
    expect(await job.wait()).toMatchObject({ StatusCode: 0 });
    await platform()
      .docker.getContainer((await platform().container("store/db")).id)
      .kill();
    await change("second", "third");
    const before = await platform().containers();
    expectReady(await platform().reconcile());
    expect(compareContainers(before, await platform().containers())).toEqual({ "store/db": "restarted" });
    await expectAllToMeet();
    expect(await platform().exec("store/db", "cat", "/data/note")).toBe("precious\n");
  });

  it("must heal from a kill at any step of it", async () => {
    const before = await platform().containers();
    await change("third", "fourth");
    const steps: number[] = [];
    for (let isOver = false; !isOver;) {
      const agent = platform().startRound();
      await Promise.race([agent.said(" done "), agent.ended]);
      await agent.kill();
      const { exitCode, output } = await agent.ended;
      steps.push(output.match(/ done /g)?.length ?? 0);
      isOver = exitCode !== null || steps.length > 20;
    }
    expectReady(await platform().reconcile());
    expect(steps.length).toBeGreaterThan(2);
    expect(compareContainers(before, await platform().containers())).toEqual({});
    expect(await network()).toMatchObject({ Labels: { tier: "fourth" } });
    await expectAllToMeet();
  });

  async function change(from: string, to: string): Promise<void> {
    await platform().upgrade({ [compose]: (text) => text.replace(from, to) });
  }

  /** By the name of a service, by an alias, and across instances; each in every network that it was in. */
  async function expectAllToMeet(): Promise<void> {
    const get = async (name: string) =>
      platform().exec("web/app", "wget", "-q", "-O", "-", `http://${name}:8080/`);
    expect(await get("database")).toBe("db 1\n");
    expect(await get("db")).toBe("db 1\n");
    expect(await get("many")).toBe("many 1\n");
    const names = (await platform().containers()).map(({ service, addresses }) => {
      const networks = Object.keys(addresses).map((name) => name.split("_")[1] ?? "");
      return [service, networks.toSorted((a, b) => a.localeCompare(b))];
    });
    expect(names).toEqual([
      ["db", ["stores"]],
      ["elsewhere", ["other"]],
      ["job", ["stores"]],
      ["many", ["other", "stores"]],
      ["many", ["other", "stores"]],
      ["app", ["own", "stores"]],
    ]);
  }
});
