import { expect, it } from "vitest";
import { withPlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1" }
`;
const options = {
  release,
  nodes: { n1: { roles: ["front"] }, n2: { roles: ["front"] } },
  environment: { instances: { web: { package: "app/web", on: { role: "front" } } } },
};

it("an instance must leave a node that loses its role, and come back with it", async () => {
  await withPlatform(options, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.container("web/app")).toMatchObject({ state: "running" });
    await platform.push({ [platform.paths.node]: (text) => text.replace("front", "back") });
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.containers()).toEqual([]);
    await platform.push({ [platform.paths.node]: (text) => text.replace("back", "front") });
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.pageOf("web/app")).toBe("app 1\n");
  });
});

it("what runs must stay when its node, or its environment, is no longer in the repository", async () => {
  await withPlatform(options, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    const before = await platform.containers();
    for (const gone of [platform.paths.node, `environments/${platform.environment}`]) {
      await platform.push({ [gone]: null });
      const round = await platform.reconcile();
      expect(await platform.containers()).toEqual(before);
      expect(round.exitCode).toBe(1);
      expect(round.status.errors[0]?.code).toMatch(/^K11/);
      expect(round.status.source.applied).not.toBe(round.status.source.observed);
      await platform.repository.git("revert", "--no-edit", "HEAD");
      await platform.repository.push();
      expect((await platform.reconcile()).exitCode).toBe(0);
      expect(await platform.containers()).toEqual(before);
    }
  });
});
