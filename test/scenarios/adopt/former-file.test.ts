import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { type Platform, withPlatform } from "../platform.ts";
import { conditionOf } from "../node-status.ts";
import { composeUp, idsOf } from "./compose-up.ts";

const text = `services:
  page: { image: "IMAGES/page:1", init: true, stop_grace_period: 1s, volumes: ["./www:/www:ro"] }
`;
const options = {
  release: `
-- packages/web/package.yaml --
files: [{ template: page.txt, to: www/page.txt, onChange: restart }]
-- packages/web/page.txt --
first
-- packages/web/compose.yaml --
${text}`,
  environment: { instances: { web: { package: "app/web", adopt: true } } },
  agent: { allow: { adopt: "all" } },
};
const writePage = async (platform: Platform, page: string) => {
  await mkdir(join(platform.folder, "www"), { recursive: true });
  await writeFile(join(platform.folder, "www/page.txt"), page);
};
const pageIn = async (platform: Platform) => platform.exec("web/page", "cat", "/www/page.txt");

/** A project that was adopted, and whose container binds the folder in which people ran Compose. */
async function withAdopted(run: (platform: Platform, before: string[][]) => Promise<void>): Promise<void> {
  await withPlatform(options, async (platform) => {
    await writePage(platform, "first\n");
    await composeUp(platform, { text });
    const before = await idsOf(platform);
    const round = await platform.reconcile();
    expect([round.exitCode, round.status.errors]).toEqual([0, []]);
    expect(await idsOf(platform)).toEqual(before);
    await run(platform, before);
  });
}

describe("files that an adopted container has from where people ran Compose", () => {
  it("must be told as drift when somebody changes them, and left alone", async () => {
    await withAdopted(async (platform, before) => {
      expect(conditionOf((await platform.reconcile()).status, "Drifted")).toBe("false");
      await writePage(platform, "changed by hand\n");
      const round = await platform.reconcile();
      expect(conditionOf(round.status, "Drifted")).toBe("true");
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect(plan.stdout).toContain(
        `binds ${join(platform.folder, "www")}, and what lies there is not what Git has`,
      );
      expect(await idsOf(platform)).toEqual(before);
      await writePage(platform, "first\n");
      expect(conditionOf((await platform.reconcile()).status, "Drifted")).toBe("false");
    });
  });

  it("must be followed by those of a commit that changes them", async () => {
    await withAdopted(async (platform, before) => {
      await platform.upgrade({ "packages/web/page.txt": "second\n" });
      const round = await platform.reconcile();
      expect([round.exitCode, round.output]).toEqual([
        0,
        expect.stringContaining("file www/page.txt changed"),
      ]);
      expect(await pageIn(platform)).toBe("second\n");
      const after = await idsOf(platform);
      expect(after.map(([id]) => id)).not.toEqual(before.map(([id]) => id));
      expect((await platform.reconcile()).worked).toBe(false);
      expect(await idsOf(platform)).toEqual(after);
    });
  });
});
