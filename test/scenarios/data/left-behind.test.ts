import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/index.ts";
import { parseFiles } from "../repository-text.ts";
import { mounted, storeRelease, useStorePlatform } from "./store-platform.ts";

const folder = "releases/app/1.0.0/packages/store";
const compose = parseFiles(storeRelease)["packages/store/compose.yaml"] ?? "";
const manifest = "name: store\nversion: 1.0.0\n";

describe("data that a service used last", () => {
  const { platform, volumes, codes, condition, ...store } = useStorePlatform();
  const nameOf = (volume: string) => platform().project(volume);
  const read = async () => store.read("store");
  const want = async (instances: Parameters<typeof store.want>[0]) =>
    store.want({ ...instances, other: { package: "app/other" } });
  const wantStore = async (more: object = {}) => want({ store: { package: "app/store", ...more } });
  const write = async (files: Record<string, string>) =>
    platform().push(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text])),
    );
  const withoutVolume = (instead: string) =>
    compose.replace(mounted, instead).replace("volumes: { data: {} }\n", "");

  it("must keep its old instance up while a new name waits for a person, and say so first", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    await platform().exec("store/database", "sh", "-c", "echo kept > /data/note");
    const before = await platform().container("store/database");
    await want({ shop: { package: "app/store" } });
    const plan = await platform().keelson(["plan", "--config", platform().config]);
    expect(plan.stdout).toContain("[K1438]");
    expect((await platform().reconcile()).exitCode).toBe(1);
    await platform().docker.getContainer(before.id).kill();
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await platform().container("store/database")).toMatchObject({ id: before.id, state: "running" });
    expect(await read()).toBe("kept");
    const { instances } = await platform().status();
    expect(instances.map(({ name, held, state }) => [name, held, state])).toEqual([
      ["other", undefined, "running"],
      ["shop", undefined, "staged"],
      ["store", true, "running"],
    ]);
    expect(await condition("Ready")).toMatchObject({ status: "false", reason: "K3033" });
    expect(await condition("Stalled")).toMatchObject({ status: "true", reason: "K3033" });
    expect(await condition("Reconciling")).toMatchObject({ status: "false" });
    expect((await platform().status()).retry).toBeNull();
    const local = await platform().keelson(["status", "--local", "--config", platform().config]);
    expect(local.stdout).toMatch(/^ store .* held .*$/m);
    expect(local.stdout).toContain("left behind");
    // By hand: nobody can make it again.
    await platform().docker.getContainer(before.id).remove({ force: true });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await codes()).toContain(`K3052 service:${nameOf("store")}/database`);
    // Its files stay as long as it is held.
    expect((await platform().status()).instances[2]).toMatchObject({
      held: true,
      state: "staged",
      health: "unhealthy",
      services: [{ name: "database", state: "absent", health: "unhealthy" }],
    });
    await wantStore();
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await read()).toBe("kept");
  });

  it("must not change hands while a container of a person writes it, and does so afterwards", async () => {
    const before = await platform().container("store/database");
    const run = platform().keelson(
      ["run", "--config", platform().config, "store", "database", "tail", "-f", "/dev/null"],
      { cwd: platform().folder },
    );
    const oneOff = await waitFor(
      async () =>
        (await platform().containers()).find(
          ({ name, state }) => name.includes("-run-") && state === "running",
        ),
      { what: "the container of a person" },
    );
    await want({ shop: { package: "app/store", was: "store" } });
    for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await codes()).toContain(`K3036 service:${nameOf("shop")}/database`);
    expect(await condition("Reconciling")).toMatchObject({ status: "true" });
    const others = (await platform().containers()).filter(({ id }) => id !== oneOff.id);
    expect(others.filter(({ service }) => service === "database")).toEqual([before]);
    await platform().docker.getContainer(oneOff.id).kill();
    expect(await run).toMatchObject({ exitCode: 137 });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().exec("shop/database", "cat", "/data/note")).toContain("kept");
    await wantStore();
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await read()).toBe("kept");
  });

  it("must not be left behind by a name that changes while nothing runs", async () => {
    for (const state of ["staged", "absent"]) {
      await wantStore({ state });
      expect((await platform().reconcile()).exitCode).toBe(0);
      await write({
        "compose.yaml": compose.replace("data:/data", "files:/data").replace("{ data: {} }", "{ files: {} }"),
      });
      expect((await platform().reconcile()).exitCode).toBe(0);
      await wantStore();
      for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await codes()).toContain(`K3033 volume:${nameOf("store_files")}`);
      expect(await volumes()).toEqual([nameOf("store_data")]);
      await write({ "compose.yaml": compose });
      expect((await platform().reconcile()).exitCode).toBe(0);
      expect(await read()).toBe("kept");
    }
  });

  it("must not be left behind for whatever else lies at its mount", async () => {
    const files = `${manifest}files:\n  - { template: seed.txt, to: data/seed.txt }\n`;
    const forms: Record<string, string>[] = [
      { "compose.yaml": withoutVolume("tmpfs: [/data]") },
      { "compose.yaml": withoutVolume('volumes: ["/data"]') },
      { "compose.yaml": withoutVolume('volumes: ["./data:/data:ro"]'), "package.yaml": files },
      { "compose.yaml": withoutVolume("") },
    ];
    const before = await platform().container("store/database");
    for (const form of forms) {
      await write(form);
      for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await codes()).toEqual([`K3033 service:${nameOf("store")}/database`]);
      expect(await platform().container("store/database")).toMatchObject({ id: before.id, state: "running" });
    }
    await platform().docker.getContainer(before.id).kill();
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await platform().container("store/database")).toMatchObject({ id: before.id, state: "running" });
    await write({ "compose.yaml": compose, "package.yaml": manifest });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await read()).toBe("kept");
    expect((await platform().container("store/database")).id).toBe(before.id);
  });

  it("must stay lost, whatever revisions do without it, until somebody says otherwise", async () => {
    await platform()
      .docker.getContainer((await platform().container("store/database")).id)
      .remove({ force: true });
    await platform().docker.getVolume(nameOf("store_data")).remove();
    expect((await platform().reconcile()).exitCode).toBe(1);
    const steps = [
      { without: async () => wantStore({ state: "absent" }), back: async () => wantStore() },
      { without: async () => wantStore({ state: "staged" }), back: async () => wantStore() },
    ];
    const audit = ["audit", "--orphans", "--config", platform().config];
    await write({ "compose.yaml": withoutVolume("") });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await codes()).toEqual([`K3033 service:${nameOf("store")}/database`]);
    await write({ "compose.yaml": compose });
    for (const { without, back } of steps) {
      await without();
      expect((await platform().reconcile()).exitCode).toBe(0);
      expect(JSON.parse((await platform().keelson([...audit, "--json"])).stdout)).toMatchObject({
        lost: [{ volume: nameOf("store_data"), lastUsers: ["store/database"] }],
      });
      expect((await platform().keelson(audit)).stdout).toContain("1 volume gone and missed (K3032)");
      await back();
      for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await codes()).toContain(`K3032 volume:${nameOf("store_data")}`);
      expect(await volumes()).toEqual([]);
    }
    await store.renew("store");
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await read()).toBe("");
    expect(await condition("Ready")).toMatchObject({ status: "true" });
  });

  it("must be given up by no counter that nobody can raise", async () => {
    await platform().push({
      [platform().paths.node]: `name: ${platform().node}\ncommands: { store: { renew: 1000000000 } }\n`,
    });
    const done = await platform().keelson(["renew", "store"]);
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("error[K1439]");
    expect(done.stderr).toContain("Set it to 0");
  });
});
