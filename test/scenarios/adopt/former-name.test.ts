import { describe, expect, it } from "vitest";

import { type Platform, withPlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";
import { composeUp, idsOf } from "./compose-up.ts";

const text = `services:
  page: { image: "IMAGES/page:1", init: true, restart: unless-stopped, volumes: ["data:/data"] }
  store: { image: "IMAGES/store:1", init: true, restart: unless-stopped }
volumes: { data: {} }
`;
const options = {
  release: `-- ${composeFile} --\n${text}`,
  environment: { instances: { web: { package: "app/web", adopt: true } } },
  agent: { allow: { adopt: "all" } },
};
const namesOf = async (platform: Platform) => (await platform.containers()).map(({ name }) => name).sort();

describe("a container with the name of an older Compose", () => {
  it("must go on under it once it was adopted, and get Compose's own with its next change", async () => {
    await withPlatform(options, async (platform) => {
      // As Compose 1 named them.
      await composeUp(platform, { text, options: ["--compatibility"] });
      const project = platform.project("web");
      const names = [`${project}_page_1`, `${project}_store_1`];
      expect(await namesOf(platform)).toEqual(names);
      const before = await idsOf(platform);
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect(plan.stdout).toContain("; 0 restarts");
      expect(plan.stdout).not.toContain("rename");
      expect((await platform.reconcile()).exitCode).toBe(0);
      expect(await idsOf(platform)).toEqual(before);
      expect(await namesOf(platform)).toEqual(names);
      expect((await platform.reconcile()).worked).toBe(false);

      await platform.upgrade({ [composeFile]: (file) => file.replace("page:1", "page:2") });
      const round = await platform.reconcile();
      expect([round.exitCode, round.status.errors]).toEqual([0, []]);
      expect(await namesOf(platform)).toEqual([`${project}-page-1`, `${project}_store_1`].sort());
      expect((await idsOf(platform)).filter(([id]) => before.some(([old]) => old === id))).toHaveLength(1);
      expect(await platform.exec("web/page", "cat", "/data/it")).toBe("precious\n");
    });
  });
});
