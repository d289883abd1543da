import { describe, expect, it } from "vitest";

import { waitFor } from "../../support/index.ts";
import { useNode } from "../platform.ts";

const release = `
-- packages/wiki/package.yaml --
files:
  - { template: conf/wiki.conf.liquid, to: conf/wiki.conf }
-- packages/wiki/conf/wiki.conf.liquid --
title = wiki
-- packages/wiki/compose.yaml --
services:
  web: { image: "IMAGES/wiki:1", restart: "no", volumes: ["./conf:/etc/wiki:ro"] }
-- packages/shop/compose.yaml --
services:
  web: { image: "IMAGES/shop:1", restart: "no" }
`;

describe("an agent whose branch is at a commit that it follows in part", () => {
  const node = useNode({ release, environment: { policy: { partial: true } } });

  it("must come to rest, and keep up what it holds and what it follows", async () => {
    await node().untilReady();
    const before = await node().container("wiki/web");
    await node().upgrade({
      "packages/wiki/conf/wiki.conf.liquid": () => "title = {{ settings.titel }}\n",
      "packages/shop/compose.yaml": (text) => text.replace("shop:1", "shop:2"),
    });
    await node().settles("the upgrade of what is followed", async () =>
      (await node().container("shop/web")).image.endsWith("shop:2"),
    );
    const held = await node().container("wiki/web");
    expect([held.id, held.startedAt]).toEqual([before.id, before.startedAt]);
    const { conditions, source } = await node().status();
    expect(conditions.filter(({ status }) => status === "true").map(({ type }) => type)).toEqual(
      expect.arrayContaining(["Stalled", "Healthy"]),
    );
    expect(conditions.find(({ type }) => type === "Reconciling")?.status).toBe("false");
    expect(source.attempted).not.toBe(source.applied);

    for (const name of ["wiki/web", "shop/web"]) {
      const { id } = await node().stop(name);
      await waitFor(async () => (await node().container(name)).state === "running", {
        what: `${name} to run again`,
      });
      expect((await node().container(name)).id).toBe(id);
    }
  });

  it("must be ready when the mistake is mended", async () => {
    await node().upgrade({ "packages/wiki/conf/wiki.conf.liquid": () => "title = mended\n" });
    await node().untilReady();
    const { source } = await node().status();
    expect(source.applied).toBe(source.observed);
  });
});
