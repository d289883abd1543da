import { describe, expect, it } from "vitest";

import { compareContainers } from "../fates.ts";
import { type Round, usePlatform } from "../platform.ts";

const release = `
-- packages/wiki/package.yaml --
files:
  - { template: conf/wiki.conf.liquid, to: conf/wiki.conf }
-- packages/wiki/conf/wiki.conf.liquid --
title = {{ environment.name }}
-- packages/wiki/compose.yaml --
services:
  web: { image: "IMAGES/wiki:1", volumes: ["./conf:/etc/wiki:ro", "data:/data"] }
volumes: { data: {} }
-- packages/shop/compose.yaml --
services:
  web: { image: "IMAGES/shop:1" }
-- packages/bot/package.yaml --
variables: { WIKI: "{{ environment.name }}-wiki_default" }
-- packages/bot/compose.yaml --
services:
  app: { image: "IMAGES/bot:1", networks: [wiki] }
networks: { wiki: { external: true, name: "\${WIKI}" } }
`;

const upgradeOfAll = {
  "packages/wiki/conf/wiki.conf.liquid": () => "title = {{ settings.titel }}\n",
  "packages/shop/compose.yaml": (text: string) => text.replace("shop:1", "shop:2"),
  "packages/bot/compose.yaml": (text: string) => text.replace("bot:1", "bot:2"),
};
const mend = { "packages/wiki/conf/wiki.conf.liquid": () => "title = mended\n" };

const heldOf = ({ status }: Round) => status.instances.map(({ name, held = false }) => `${name} ${held}`);
const codesOf = ({ status }: Round) =>
  status.errors.map(({ code, resource }) => [code, resource.split("/").at(-1)]);

describe("a commit with a mistake in one instance, where the policy is partial", () => {
  const platform = usePlatform({ release, environment: { policy: { partial: true } } });
  let first = "";

  it("must be applied but for that instance and what needs it, and must not count as applied", async () => {
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(0);
    first = round.status.source.applied;
    const before = await platform().containers();

    await platform().upgrade(upgradeOfAll);
    const next = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "shop/web": "recreated" });
    expect(heldOf(next)).toEqual(["bot true", "shop false", "wiki true"]);
    expect(codesOf(next)).toEqual([
      ["K1302", "wiki.conf.liquid:1:12"],
      ["K3050", "instance:bot"],
      ["K3051", "instance:wiki"],
    ]);
    expect(next.status.conditions.find(({ type }) => type === "Ready")).toMatchObject({
      status: "false",
      reason: "K1302",
      message: expect.stringContaining("wiki is held: "),
    });
    expect(next.status.source).toMatchObject({ applied: first, target: { mode: "follow" } });
    expect(next.status.source.attempted).toBe(next.status.source.observed);
    expect(next.status.source.attempted).not.toBe(first);
  });

  it("must be told by the plan, which has nothing left to do for the others", async () => {
    const plan = await platform().keelson(["plan", "--config", platform().config]);
    expect(plan.stdout).toContain("instance:wiki  instance wiki is held as it is");
    expect(plan.stdout).toContain("1 unchanged, 2 blocked");
    expect(plan.stderr).toContain("error[K1302]");
    expect(plan.exitCode).toBe(1);
  });

  it("must keep up what is held, as it is", async () => {
    const stopped = await platform().stop("wiki/web");
    const round = await platform().reconcile();
    const after = await platform().container("wiki/web");
    expect([after.id, after.state]).toEqual([stopped.id, "running"]);
    expect(heldOf(round)).toEqual(["bot true", "shop false", "wiki true"]);
  });

  it("must be applied whole when the mistake is mended", async () => {
    const before = await platform().containers();
    await platform().upgrade(mend);
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(0);
    expect(compareContainers(before, await platform().containers())).toEqual({
      "wiki/web": "recreated",
      "bot/app": "recreated",
    });
    expect(heldOf(round)).toEqual(["bot false", "shop false", "wiki false"]);
    expect(round.status.source.applied).toBe(round.status.source.observed);
  });
});

describe("the same commit, where the policy says nothing of releases", () => {
  const platform = usePlatform({ release });

  it("must leave every instance as it is", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    const before = await platform().containers();
    await platform().upgrade(upgradeOfAll);
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({});
    expect(codesOf(round)).toEqual([["K1302", "wiki.conf.liquid:1:12"]]);
    expect(round.status.source.target?.mode).toBe("hold");
  });
});
