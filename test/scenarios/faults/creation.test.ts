import { describe, expect, it } from "vitest";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";
import { expectFault, expectReady } from "./outcome.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", working_dir: relative }
  front: { image: "IMAGES/front:1", depends_on: [app] }
  side: { image: "IMAGES/side:1" }
  other: { image: "IMAGES/other:1", depends_on: [side] }
`;
const compose = "packages/web/compose.yaml";

describe("a service that the engine refuses to make", () => {
  const platform = usePlatform({ release });
  /** The engine says that when it makes a container, and Compose does not know it before. */
  const refused = () => ({
    code: "K3008",
    resource: `service:${platform().project("web")}/app`,
    says: "working directory 'relative' is invalid",
  });
  const running = async () =>
    (await platform().containers())
      .filter(({ state }) => state === "running")
      .map(({ service }) => service)
      .sort();

  it("must keep no other one of the same call from coming up, but for who needs it", async () => {
    const round = await platform().reconcile();
    expect(await running()).toEqual(["other", "side"]);
    expectFault(round, refused());
    expect(round.status.errors.filter(({ code }) => code === "K3008")).toHaveLength(1);
    expect(round.status.operation).toMatchObject({ failed: 1 });
  });

  it("must keep none from being replaced, and go on as it was itself", async () => {
    await platform().upgrade({
      [compose]: (text) => text.replace("working_dir: relative", "working_dir: /"),
    });
    expectReady(await platform().reconcile());
    const before = await platform().containers();
    await platform().upgrade({
      [compose]: (text) =>
        text
          .replace("working_dir: /", "working_dir: relative")
          .replace('"IMAGES/side:1"', `"${platform().image("side:2")}"`)
          .replace(platform().image("side:1"), platform().image("side:2")),
    });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "web/side": "recreated" });
    expect(await running()).toEqual(["app", "front", "other", "side"]);
    expectFault(round, refused());
    expect(await platform().pageOf("web/side")).toBe("side 2\n");
  });
});
