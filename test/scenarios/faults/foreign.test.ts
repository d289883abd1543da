import { beforeEach, describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";
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

  function sideOf(containers: readonly Container[]): string | undefined {
    return containers.find(({ service }) => service === "side")?.id;
  }
});
