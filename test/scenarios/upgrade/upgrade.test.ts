import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { startEngine } from "../../support/index.ts";
import type { Platform } from "../platform.ts";
import { withPlatform } from "../platform.ts";
import { readOldPlatform, restoreOldNode } from "./old-node.ts";

/** As a round that was killed when it had done its work leaves the record: nothing of it was noted. */
const killed = `
  UPDATE rounds SET finished_at = NULL, result = NULL;
  DELETE FROM containers;
  DELETE FROM applied;
  DELETE FROM service_parts;
`;

describe("a node of Keelson 0.1", () => {
  it.each([
    { what: "that had done its work", change: "" },
    { what: "whose last round was killed", change: killed },
  ])("$what must be upgraded with no container replaced or restarted", async ({ change }) => {
    await using engine = await startEngine();
    await withPlatform({ ...(await readOldPlatform()), engine }, async (platform) => {
      await restoreOldNode(platform, change);
      const before = await platform.containers();
      const round = await platform.reconcile();
      expect(await platform.containers()).toEqual(before);
      expect(round.output).toContain("nothing to do");
      expect(round.exitCode).toBe(0);
      const ready = round.status.conditions.find(({ type }) => type === "Ready");
      expect(ready).toMatchObject({ status: "true" });
      expect(round.status.source.applied).toBe(round.status.source.observed);
      expectNewRecord(platform, { containers: before.length, networks: 3 });

      const next = await platform.reconcile();
      expect(next.output).toContain("nothing to do");
      expect(await platform.containers()).toEqual(before);

      await expectOnlyChanges(platform);
    });
  });
});

/** Brought to the format of today, with all that is there. */
function expectNewRecord(platform: Platform, counts: Record<string, number>): void {
  using record = new DatabaseSync(join(platform.stateDir, "record.db"), { readOnly: true });
  expect(record.prepare("PRAGMA user_version").get()?.["user_version"]).toBeGreaterThan(3);
  for (const [table, count] of Object.entries(counts)) {
    expect(record.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.["count"]).toBe(count);
  }
}

/** What changes in the first upgrade of the platform itself is named, and nothing else is touched by it. */
async function expectOnlyChanges(platform: Platform): Promise<void> {
  const isChanged = ({ service, name }: { service: string; name: string }) =>
    service === "proxy" || name.endsWith("-many-3");
  const before = await platform.containers();
  await platform.upgrade({
    "packages/edge/compose.yaml": (text) => text.replace("max-size: 1m", "max-size: 2m"),
    "packages/core/compose.yaml": (text) => text.replace("scale: 2", "scale: 3"),
  });
  const round = await platform.reconcile();
  const after = await platform.containers();
  expect(after.filter((each) => !isChanged(each))).toEqual(before.filter((each) => !isChanged(each)));
  expect(after.filter(isChanged).map(({ state }) => state)).toEqual(["running", "running"]);
  expect(round.output).toMatch(/recreate node01-edge\/proxy +logging changed/);
  expect(round.exitCode).toBe(0);
}
