import { describe, expect, it } from "vitest";
import { compareContainers } from "../fates.ts";
import type { Fate } from "../fates.ts";
import { usePlatform } from "../platform.ts";
import { tellingImage } from "../telling-image.ts";

interface Row {
  service: string;
  onChange: string;
  fates: Record<string, Fate>;
  /** What the service has read since its container exists. */
  events: string[];
  /** Whether it has read the new content. */
  loads: boolean;
}

const rows: Row[] = [
  { service: "none", onChange: "none", fates: {}, events: ["start"], loads: false },
  { service: "signal", onChange: "signal:HUP", fates: {}, events: ["start", "hup"], loads: true },
  {
    service: "exec",
    onChange: "{ exec: [/bin/reload] }",
    fates: {},
    events: ["start", "exec"],
    loads: true,
  },
  {
    service: "restart",
    onChange: "restart",
    fates: { "web/restart": "restarted" },
    events: ["start", "start"],
    loads: true,
  },
  {
    service: "recreate",
    onChange: "recreate",
    fates: { "web/recreate": "recreated" },
    events: ["start"],
    loads: true,
  },
];

const release = `
-- packages/web/package.yaml --
files:
${rows.map(({ service, onChange }) => `  - { template: ${service}.conf, to: ${service}/app.conf, onChange: "${onChange}" }`.replace(/"(\{.*\})"/, "$1")).join("\n")}
-- packages/web/compose.yaml --
services:
${rows.map(({ service }) => `  ${service}: { image: "IMAGES/app:1", volumes: ["./${service}:/etc/app:ro"] }`).join("\n")}
${rows.map(({ service }) => `-- packages/web/${service}.conf --\nold\n`).join("")}`;

describe("a changed file", () => {
  const platform = usePlatform({ release, images: { "app:1": tellingImage } });

  it("must be read by every service when it first starts", async () => {
    const round = await platform().reconcile();
    for (const { service } of rows) {
      expect(await platform().pageOf(`web/${service}`, "/loaded")).toBe("old\n");
    }
    expect(round.exitCode).toBe(0);
  });

  it.each(rows)("of class $onChange must have its effect and no other", async (row) => {
    const { service } = row;
    const before = await platform().containers();
    const others = await pages(service);
    await platform().upgrade({ [`packages/web/${service}.conf`]: "new\n" });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual(row.fates);
    expect(await platform().exec(`web/${service}`, "cat", "/etc/app/app.conf")).toBe("new\n");
    await platform().untilPage(`web/${service}`, { path: "/events", is: `${row.events.join("\n")}\n` });
    await platform().untilPage(`web/${service}`, { path: "/loaded", is: row.loads ? "new\n" : "old\n" });
    expect(await pages(service)).toEqual(others);
    expect(round.exitCode).toBe(0);
  });

  it("must have left nothing to do", async () => {
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  /** What every service but one has read. */
  async function pages(but: string): Promise<string[]> {
    return Promise.all(
      rows
        .filter(({ service }) => service !== but)
        .map(async ({ service }) => platform().pageOf(`web/${service}`, "/events")),
    );
  }
});
