import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeImages, sharedEngine, startRegistry } from "../../support/index.ts";
import type { Registry } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";
import { expectFault, expectReady, expectUntouched } from "./outcome.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
  side:
    image: IMAGES/side:1
`;

const compose = "packages/web/compose.yaml";

describe("an image that cannot be had", () => {
  let registry: Registry;
  let reference: string;
  // After the platform's own, which removes the containers.
  afterAll(async () => {
    await removeImages(await sharedEngine(), [reference]);
    await registry[Symbol.asyncDispose]();
  });
  const platform = usePlatform({ release, agent: { timeouts: { pull: "15s" } } });
  let before: Container[];

  beforeAll(async () => {
    registry = await startRegistry();
    reference = `${registry.host}/${platform().image("side:1")}`;
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it("must leave everything as it runs while the registry does not have it", async () => {
    await platform().upgrade({
      [compose]: (text) =>
        text
          .replace(platform().image("web:1"), reference)
          .replace("  side:\n", "  side:\n    hostname: side\n"),
    });
    const round = await platform().reconcile();
    await expectUntouched(platform(), before);
    expectFault(round, { code: "K3002", resource: `image:${reference}`, says: "there is no image" });
    expect(round.status.source.applied).not.toBe(await platform().repository.head());
  });

  it.each([
    ["is down", async () => registry.stop()],
    ["answers 500", async () => registry.setBehaviour({ kind: "fail", status: 500 })],
    ["hangs", async () => registry.setBehaviour({ kind: "hang" })],
  ])("must leave everything as it runs while the registry %s", async (_what, misbehave) => {
    await misbehave();
    const round = await platform().reconcile();
    expect(round.status.operation).toMatchObject({ done: 0, failed: 1 });
    await expectUntouched(platform(), before);
    expectFault(round, { code: "K3003", resource: `image:${reference}`, says: "does not answer" });
    await registry.start();
    registry.setBehaviour({ kind: "normal" });
  });

  it("must apply the same commit once the registry has it", async () => {
    await registry.push(platform().docker, platform().image("side:1"));
    const round = await platform().reconcile();
    const web = await platform().container("web/web");
    expect(web).toMatchObject({ image: reference, state: "running" });
    expect(await platform().pageOf("web/web")).toBe("side 1\n");
    expectReady(round);
    expect(round.status.source.applied).toBe(await platform().repository.head());
    // It is here now: the registry may go.
    await registry.stop();
    expectReady(await platform().reconcile());
    expect(await platform().container("web/web")).toEqual(web);
  });
});
