import { describe, expect, it } from "vitest";

import { findText } from "../footprint.ts";
import { withPlatform } from "../platform.ts";
import { composeUp, idsOf } from "./compose-up.ts";

const release = `
-- release.yaml --
secrets: { dbPassword: {} }
-- packages/web/package.yaml --
variables: { PW: "{{ secrets.dbPassword }}" }
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true, environment: { DB_PASSWORD: "\${PW}", URL: "$$u:\${PW}@db" } }
  other: { image: "IMAGES/app:1", init: true }
`;
const running = (password: string) => `
services:
  app: { image: "IMAGES/app:1", init: true, environment: { DB_PASSWORD: ${password}, URL: "$$u:${password}@db" } }
  other: { image: "IMAGES/app:1", init: true }
`;
const options = {
  release,
  secrets: { app: { dbPassword: "a-secret-value" } },
  environment: {
    instances: { web: { package: "app/web", adopt: true } },
    policy: { requireDigests: false, allow: { "app/web": { secretEnvironment: ["DB_PASSWORD", "URL"] } } },
  },
  agent: { allow: "all" },
};

describe("a project whose environment holds secrets", () => {
  it("must be adopted without a restart where the node knows the same values, which go nowhere", async () => {
    await withPlatform(options, async (platform) => {
      await composeUp(platform, { text: running("a-secret-value") });
      const before = await idsOf(platform);
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect([plan.stderr, plan.stdout]).toEqual(["", expect.stringContaining("; 0 restarts")]);
      const round = await platform.reconcile();
      expect([round.exitCode, round.status.errors]).toEqual([0, []]);
      expect(await idsOf(platform)).toEqual(before);
      expect((await platform.reconcile()).worked).toBe(false);
      expect(plan.stdout + plan.stderr + round.output).not.toContain("a-secret-value");
      expect(await findText(platform.stateDir, "a-secret-value")).toEqual([]);
    });
  });

  it("must show by its name what another value makes anew, and neither value", async () => {
    await withPlatform(options, async (platform) => {
      await composeUp(platform, { text: running("another-value") });
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect(plan.stdout).toContain("takes over 2 containers, 1 network; 1 to recreate");
      expect(plan.stdout).toContain("environment.DB_PASSWORD differs; environment.URL differs");
      expect(plan.stdout + plan.stderr).not.toMatch(/another-value|a-secret-value/);
    });
  });
});
