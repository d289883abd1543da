import { describe, expect, it } from "vitest";
import type { Container } from "../containers.ts";
import { compareContainers } from "../fates.ts";
import { findText, footprintOf } from "../footprint.ts";
import { makeLoggedPrograms } from "../logged-programs.ts";
import type { LoggedPrograms } from "../logged-programs.ts";
import { usePlatform } from "../platform.ts";
import type { Round } from "../platform.ts";

const adminKey = "k3ep-th1s-t0-y0urself";

describe("the sample platform", () => {
  const platform = usePlatform({ secrets: { "sample-platform": { adminKey } } });
  let first: Round;
  let before: Container[];
  let storeId: string;
  let programs: LoggedPrograms;

  it("must serve its page after the first round", async () => {
    first = await platform().reconcile();
    expect(await platform().page("/")).toContain("<title>Lab");
    expect(await platform().page("/core/")).toContain("core 1.0.0");
    expect(await platform().page("/webhooks/config/")).toContain('"maxRetries": 5');
    storeId = (await platform().page("/core/store/")).trim();
    expect(storeId).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.exitCode).toBe(0);
    expect(first.status).toMatchObject({
      errors: [],
      instances: [
        { name: "core", state: "running", sync: "in-sync", health: "healthy" },
        { name: "storage", state: "running", sync: "in-sync", health: "healthy" },
      ],
    });
  });

  it("must have started every service after what it depends on", async () => {
    const at = async (name: string) => Date.parse((await platform().container(name)).startedAt);
    const schema = await platform().container("core/schema-setup");
    expect(schema).toMatchObject({ state: "exited", exitCode: 0 });
    const documents = await at("storage/documents");
    const timeseries = await at("storage/timeseries");
    const setup = Date.parse(schema.startedAt);
    expect(setup).toBeGreaterThan(documents);
    expect(setup).toBeGreaterThan(timeseries);
    const core = await at("core/core");
    expect(core).toBeGreaterThanOrEqual(Date.parse(schema.finishedAt));
    expect(core).toBeGreaterThan(await at("core/mail"));
    for (const name of ["core/preview", "core/webhooks", "core/nginx"]) {
      expect(await at(name)).toBeGreaterThan(core);
    }
  });

  it("must keep the secret in one file of mode 0400 and nowhere else", async () => {
    const { stateDir, docker } = platform();
    expect(await findText(stateDir, adminKey)).toEqual([
      { path: expect.stringMatching(/^instances\/core\/files\/[0-9a-f]+\/admin-key$/), mode: "400" },
    ]);
    expect((await platform().exec("core/core", "cat", "/run/secrets/admin-key")).trim()).toBe(adminKey);
    for (const { id } of await platform().containers()) {
      expect(JSON.stringify(await docker.getContainer(id).inspect())).not.toContain(adminKey);
    }
    expect(first.output + JSON.stringify(first.status)).not.toContain(adminKey);
  });

  it("must do and write nothing in a second round", async () => {
    const { stateDir, folder } = platform();
    programs = await makeLoggedPrograms(folder);
    before = await platform().containers();
    const footprint = await footprintOf(stateDir);
    const round = await platform().reconcile({ env: programs.env });
    expect(await platform().containers()).toEqual(before);
    expect(await footprintOf(stateDir)).toEqual(footprint);
    expect(await programs.calls()).toEqual([]);
    expect(round.exitCode).toBe(0);
    expect(round.output).toContain("nothing to do");
  });

  it("must touch exactly what the upgrade to 1.1.0 changes", async () => {
    await platform().push({ [platform().paths.lock]: (lock) => lock.replaceAll("1.0.0", "1.1.0") });
    const round = await platform().reconcile({ env: programs.env });
    const after = await platform().containers();
    expect(compareContainers(before, after)).toEqual({
      "core/core": "recreated",
      "core/preview": "recreated",
      "core/webhooks": "restarted",
    });
    expect(await platform().page("/core/")).toContain("core 1.1.0");
    expect(await platform().page("/preview/")).toContain("preview 1.1.0");
    expect(await platform().page("/webhooks/config/")).toContain('"maxRetries": 8');
    expect(await platform().page("/batch/")).toContain("core 1.1.0");
    expect((await platform().page("/core/store/")).trim()).toBe(storeId);
    expect(await programs.calls()).toContainEqual(expect.stringMatching(/^docker-compose .* up .* core$/));
    expect(round.exitCode).toBe(0);
    expect(round.status.source.applied).toBe(await platform().repository.head());
  });

  it("must be able to go back to 1.0.0", async () => {
    const upgraded = await platform().containers();
    await platform().push({ [platform().paths.lock]: (lock) => lock.replaceAll("1.1.0", "1.0.0") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(compareContainers(upgraded, await platform().containers())).toEqual({
      "core/core": "recreated",
      "core/preview": "recreated",
      "core/webhooks": "restarted",
    });
    expect(await platform().page("/core/")).toContain("core 1.0.0");
    expect(await platform().page("/webhooks/config/")).toContain('"maxRetries": 5');
    expect(await platform().page("/batch/")).toContain("There is nothing here");
  });
});
