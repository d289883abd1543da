import { beforeEach, describe, expect, it } from "vitest";

import { expectFault, expectReady, whilePushed } from "../faults/outcome.ts";
import { compareContainers } from "../fates.ts";
import { type Changes, type Platform, usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/web/compose.yaml --
services:
  a: { image: "IMAGES/a:1" }
  b: { image: "IMAGES/b:1" }
  c: { image: "IMAGES/c:1" }
  many: { image: "IMAGES/many:1", scale: 2 }
  job: { image: "IMAGES/job:1", command: ["true"], restart: "no" }
-- packages/other/compose.yaml --
services:
  app: { image: "IMAGES/other:1" }
-- packages/little/compose.yaml --
services:
  app: { image: "IMAGES/little:1" }
`;
const instances = {
  web: { package: "app/web", on: { role: "front" } },
  other: { package: "app/other" },
};
const nodes = { n1: { roles: ["front"] }, n2: { roles: ["front"] } };
const compose = "releases/app/1.0.0/packages/web/compose.yaml";

describe("a commit that takes away most of what runs", () => {
  const platform = usePlatform({ release, nodes, environment: { instances } });
  beforeEach(() => platform().forgetStarts());

  it("must find a node that runs", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().containers()).toHaveLength(7);
  });

  const attacks: [string, (platform: Platform) => Changes][] = [
    ["no service at all", () => ({ [compose]: "services: {}\n" })],
    ["one service left", () => ({ [compose]: (text) => text.replace(/^ {2}(?:b|c|many|job):.*\n/gm, "") })],
    [
      "services under other names",
      () => ({ [compose]: (text) => text.replace(/^ {2}(\w+):/gm, "  new-$1:") }),
    ],
    ["scale: 0", () => ({ [compose]: (text) => text.replaceAll(/(?:, scale: 2)? \}/g, ", scale: 0 }") })],
    [
      "replicas: 0",
      () => ({ [compose]: (text) => text.replaceAll(/(?:, scale: 2)? \}/g, ", deploy: { replicas: 0 } }") }),
    ],
    ["state: absent", (platform) => withWeb(platform, { ...instances.web, state: "absent" })],
    ["state: staged", (platform) => withWeb(platform, { ...instances.web, state: "staged" })],
    ["state: installed", (platform) => withWeb(platform, { ...instances.web, state: "installed" })],
    [
      "the instance's package exchanged for a little one",
      (platform) => withWeb(platform, { package: "app/little" }),
    ],
    ["the instance out of the list", (platform) => wantInstances(platform, { other: instances.other })],
    [
      "the instance under another name",
      (platform) => wantInstances(platform, { site: instances.web, other: instances.other }),
    ],
    [
      "the node's role taken away",
      ({ paths }) => ({ [paths.node]: (text) => text.replace("front", "back") }),
    ],
  ];

  it.each(attacks)("must not do so without leave: %s", async (_, changes) => {
    const before = await platform().containers();
    const look = async () => {
      const plan = await platform().keelson(["plan", "--config", platform().config]);
      expect(plan.stdout).toContain("that this node runs");
      expect(plan.stdout).toContain("policy.allowMassRemoval: true");
      // What somebody stops meanwhile is started again.
      await platform().stop("other/app");

      const round = await platform().reconcile();
      const healed = { "other/app": "restarted" };
      expect(compareContainers(before, await platform().containers())).toEqual(healed);
      expectFault(round, { code: "K3030", says: "that this node runs" });
      expect(round.status.source.applied).not.toBe(round.status.source.observed);
      expectFault(await platform().reconcile(), { code: "K3030" });
      expect(compareContainers(before, await platform().containers())).toEqual(healed);
    };
    await whilePushed(platform(), { changes: changes(platform()), look });
    // Taken back, it has done nothing, and the job is not run again.
    expectReady(await platform().reconcile());
    expect(compareContainers(before, await platform().containers())).toEqual({ "other/app": "restarted" });
  });

  it("must be done with leave, and half of it without", async () => {
    await platform().push({ [compose]: (text) => text.replace(/^ {2}(?:b|c):.*\n/gm, "") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await services()).toEqual(["web/a", "web/job", "web/many", "web/many", "other/app"].sort());

    await platform().push(wantInstances(platform(), {}, { policy: { allowMassRemoval: true } }));
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await services()).toEqual([]);
  });

  async function services(): Promise<string[]> {
    const prefix = `${platform().environment}-`;
    const all = await platform().containers();
    return all.map(({ project, service }) => `${project.replace(prefix, "")}/${service}`).sort();
  }
});

function withWeb(platform: Platform, web: { package: string; state?: string }): Changes {
  return wantInstances(platform, { web, other: instances.other });
}
