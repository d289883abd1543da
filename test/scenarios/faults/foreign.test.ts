import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import type { Container, Round } from "../platform.ts";
import { startForeign } from "./foreign-container.ts";
import { expectFault, expectReady, expectUntouched, rulesTerminal, whilePushed } from "./outcome.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    hostname: first
    volumes: [data:/data]
  side:
    image: IMAGES/side:1
volumes:
  data:
`;

const compose = "releases/app/1.0.0/packages/web/compose.yaml";

type Labels = Readonly<Record<string, string>>;

interface Stranger {
  readonly what: string;
  readonly code: string;
  readonly labels: (own: Labels) => Labels;
}

const composeLabelsOf = (own: Labels): Labels =>
  Object.fromEntries(Object.entries(own).filter(([name]) => name.startsWith("com.docker.compose.")));

const strangers: Stranger[] = [
  { what: "the project's and the service's name", code: "K3020", labels: composeLabelsOf },
  {
    what: "labels of ours with an owner that it made up",
    code: "K3022",
    labels: (own) => ({ ...own, "io.keelson.owner": "0".repeat(64) }),
  },
  { what: "all labels of one of ours", code: "K3022", labels: (own) => own },
];

describe("what is not ours", () => {
  const platform = usePlatform({ release });
  let before: Container[];

  beforeEach(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it.each(strangers)(
    "a container with $what must be told and left alone ($code)",
    async ({ code, labels }) => {
      const own = await platform().container("web/web");
      const name = `${platform().environment}-stranger`;
      const id = await startForeign(platform(), {
        name: "stranger",
        image: "side:1",
        labels: labels(own.labels),
      });
      const all = await platform().containers();
      const quiet = await platform().reconcile();
      await expectUntouched(platform(), all);
      expect(quiet.output).toMatch(new RegExp(`${name} .*\\[${code}\\]`));
      expectReady(quiet);

      const look = async () => {
        const round = await platform().reconcile();
        await expectUntouched(platform(), all);
        expectFault(round, {
          code: "K3021",
          resource: `service:${platform().project("web")}/web`,
          says: name,
        });
        await platform().docker.getContainer(id).remove({ force: true });
        const later = await platform().reconcile();
        expect((await platform().container("web/web")).id).not.toBe(own.id);
        expectReady(later);
      };
      const changes = { [compose]: (text: string) => text.replace("hostname: first", "hostname: second") };
      await whilePushed(platform(), { changes, look });
    },
  );

  it("a copy of our labels in the place of ours must be told and left alone", async () => {
    const own = await platform().container("web/web");
    await platform().docker.getContainer(own.id).remove({ force: true });
    const id = await startForeign(platform(), { name: "web-web-1", image: "side:1", labels: own.labels });
    const all = await platform().containers();
    for (const round of [await platform().reconcile(), await platform().reconcile()]) {
      await expectUntouched(platform(), all);
      expectCopy(round, own.name);
    }
    await platform().docker.getContainer(id).remove({ force: true });
    expectReady(await platform().reconcile());
    expect((await platform().container("web/web")).name).toBe(own.name);
  });

  it("a copy of our labels under the next number must not count as a replica", async () => {
    const own = await platform().container("web/web");
    const labels = { ...own.labels, "com.docker.compose.container-number": "2" };
    const id = await startForeign(platform(), { name: "web-web-2", image: "side:1", labels });
    const name = `${platform().project("web")}-web-2`;
    const look = async () => {
      const side = (await platform().container("web/side")).id;
      const all = (await platform().containers()).filter((each) => each.id !== side);
      // Another service of the project changes in the same round: what is made then must not make the copy ours.
      for (const round of [await platform().reconcile(), await platform().reconcile()]) {
        const after = await platform().container("web/side");
        expect(after.id).not.toBe(side);
        await expectUntouched(platform(), [...all, after].sort(byName));
        expectCopy(round, name);
      }
      await platform().docker.getContainer(id).remove({ force: true });
      expectReady(await platform().reconcile());
      const replicas = (await platform().containers()).filter(({ service }) => service === "web");
      expect(replicas.map((each) => each.name)).toEqual([own.name, name]);
      expect(replicas[0]?.id).toBe(own.id);
    };
    const changes = {
      [compose]: (text: string) =>
        text
          .replace("  web:\n", "  web:\n    scale: 2\n")
          .replace("  side:\n", "  side:\n    hostname: other\n"),
    };
    await whilePushed(platform(), { changes, look });
  });

  it("a copy of our labels under the next number must stay when the record is lost", async () => {
    const own = await platform().container("web/web");
    const id = await startForeign(platform(), { name: "web-web-2", image: "side:1", labels: own.labels });
    const all = await platform().containers();
    await loseRecord();
    const round = await platform().reconcile();
    await expectUntouched(platform(), all);
    expect(round.output).toMatch(new RegExp(`${platform().project("web")}-web-2\\b.*\\[K3025\\]`));
    expectReady(round);
    await platform().docker.getContainer(id).remove({ force: true });
  });

  it("a container of a service that nothing desires must stay, whatever owner it claims", async () => {
    const own = await platform().container("web/web");
    const labels = { ...own.labels, "com.docker.compose.service": "gone" };
    const id = await startForeign(platform(), { name: "gone", image: "side:1", labels });
    const all = await platform().containers();
    const round = await platform().reconcile();
    await expectUntouched(platform(), all);
    expect(round.output).toContain("[K3022]");
    expectReady(round);
    await platform().docker.getContainer(id).remove({ force: true });
  });

  it("a label that would rule a terminal must be printed as what it is", async () => {
    const labels = {
      "io.keelson.environment": platform().environment,
      "com.docker.compose.project": "\u001b[2J\u202eevil",
      "com.docker.compose.service": "\u009b2Jweb",
    };
    const id = await startForeign(platform(), { name: "ansi", image: "side:1", labels });
    const round = await platform().reconcile();
    const plan = await platform().keelson(["plan", "--config", platform().config]);
    const json = await platform().keelson(["plan", "--config", platform().config, "--json"]);
    await platform().docker.getContainer(id).remove({ force: true });
    expect(round.output).toContain(`${platform().environment}-ansi`);
    expect(plan.stdout).toContain(`${platform().environment}-ansi`);
    for (const text of [round.output, plan.stdout, plan.stderr, json.stdout]) {
      expect(text).not.toMatch(rulesTerminal);
    }
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain("\u202eevil");
    expectReady(round);
  });

  it("a volume under our name must keep its data, and everything else must go on", async () => {
    const name = `${platform().project("web")}_more`;
    await platform().docker.createVolume({ Name: name, Labels: { "com.docker.compose.project": "other" } });
    const found = await platform().docker.getVolume(name).inspect();
    const look = async () => {
      const round = await platform().reconcile();
      expect(await platform().docker.getVolume(name).inspect()).toEqual(found);
      expect((await platform().container("web/side")).id).not.toBe(sideOf(before));
      expect(await platform().container("web/web")).toEqual(before.find(({ service }) => service === "web"));
      expectFault(round, { code: "K3007", resource: `volume:${name}`, says: "its data is left alone" });
      expectFault(round, { code: "K3023", resource: `service:${platform().project("web")}/store` });
      await platform().docker.getVolume(name).remove();
      const later = await platform().reconcile();
      expect(await platform().container("web/store")).toMatchObject({ state: "running" });
      expectReady(later);
    };
    const changes = {
      [compose]: (text: string) =>
        `${text.replace("  side:", `  store:\n    image: ${platform().image("side:1")}\n    volumes: [more:/data]\n  side:\n    hostname: side`)}  more:\n`,
    };
    await whilePushed(platform(), { changes, look });
    await platform().reconcile();
  });

  it("a volume of ours whose labels are to be others must keep its data and be told", async () => {
    await platform().exec("web/web", "sh", "-c", "echo kept > /data/id");
    const name = `${platform().project("web")}_data`;
    const volume = await platform().docker.getVolume(name).inspect();
    const look = async () => {
      const round = await platform().reconcile();
      expect(await platform().docker.getVolume(name).inspect()).toEqual(volume);
      await expectUntouched(platform(), before);
      expectFault(round, { code: "K3012", resource: `volume:${name}`, says: "its data would be lost" });
    };
    const changes = {
      [compose]: (text: string) => text.replace("  data:\n", "  data: { labels: { a: b } }\n"),
    };
    await whilePushed(platform(), { changes, look });
    expectReady(await platform().reconcile());
    expect(await platform().exec("web/web", "cat", "/data/id")).toBe("kept\n");
  });

  function expectCopy(round: Round, name: string): void {
    expectFault(round, { code: "K3021", resource: `service:${platform().project("web")}/web`, says: name });
    expect(round.output).toMatch(new RegExp(`${name} .*\\[K3022\\]`));
  }

  async function loseRecord(): Promise<void> {
    const paths = ["", "-wal", "-shm"].map((end) => join(platform().stateDir, `record.db${end}`));
    await Promise.all(paths.map(async (path) => rm(path, { force: true })));
  }

  function byName(a: Container, b: Container): number {
    return a.name < b.name ? -1 : 1;
  }

  function sideOf(containers: readonly Container[]): string | undefined {
    return containers.find(({ service }) => service === "side")?.id;
  }
});
