import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("k");
const [old, moved] = ["apps/notes/compose.yaml", "apps/journal/compose.yaml"] as const;
const [environment, node] = [`environments/${name}/environment.yaml`, `environments/${name}/nodes/n1.yaml`];
const listing = `name: ${name}\ndiscover: [{ path: "apps/*" }]\npolicy: { allowMassRemoval: true }\n`;
const withMounts = (mounts: string, rest = "") => `services:
  app:
    image: IMAGES/notes:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    ${mounts}
${rest}`;
const first = withMounts('volumes: ["./data:/data"]');

describe("a program with data in a folder of its repository", () => {
  const platform = usePlatform({
    name,
    files: { [environment]: listing, [node]: "name: n1\n", [old]: first },
  });
  const data = (...path: string[]) => join(platform().stateDir, "data", ...path);
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);
  const round = async () => (await platform().reconcile()).exitCode;

  it("must begin with an empty folder", async () => {
    expect(await round()).toBe(0);
    await platform().exec("notes/app", "sh", "-c", "mkdir /data/db && echo kept > /data/db/note");
  });

  it.each<[string, string]>([
    ["a new volume", withMounts('volumes: ["data:/data"]', "volumes: { data: null }\n")],
    ["memory", withMounts('tmpfs: ["/data"]')],
    ["nothing", withMounts("labels: { a: b }")],
    ["its folder at another path", withMounts('volumes: ["./data:/srv"]')],
    ["an empty folder over a part", withMounts('volumes: ["./data:/data", "./new:/data/db"]')],
  ])("must go on as it is while a commit gives it %s in the place of its data", async (_, next) => {
    const { id } = await platform().container("notes/app");
    await platform().push({ [old]: next });
    expect(await round()).toBe(1);
    expect(await codes()).toContain("K3033");
    expect((await platform().container("notes/app")).id).toBe(id);
    expect(await platform().exec("notes/app", "cat", "/data/db/note")).toBe("kept\n");
    await platform().push({ [old]: first });
    expect(await round()).toBe(0);
    expect((await platform().container("notes/app")).id).toBe(id);
  });

  it("must go on as it is while its folder of the repository has another name", async () => {
    const { id } = await platform().container("notes/app");
    await platform().push({ [old]: null, [moved]: first });
    expect(await round()).toBe(1);
    expect(await codes()).toContain("K3033");
    expect((await platform().containers()).map((each) => each.id)).toEqual([id]);
  });

  it("must have its data under the other name with `was`", async () => {
    await platform().push({
      [environment]: `${listing}instances: { journal: { package: ./apps/journal, was: notes } }\n`,
    });
    expect(await round()).toBe(0);
    expect(await platform().exec("journal/app", "cat", "/data/db/note")).toBe("kept\n");
    expect((await platform().containers()).map(({ project }) => project)).toEqual([`${name}-journal`]);
  });

  it("must begin without it once a person says so", async () => {
    await platform().push({
      [moved]: withMounts('tmpfs: ["/data"]'),
      [node]: "name: n1\ncommands: { journal: { renew: 1 } }\n",
    });
    expect(await round()).toBe(0);
    expect(await platform().exec("journal/app", "ls", "/data")).toBe("");
    expect(await readdir(data("notes", "data", "db"))).toEqual(["note"]);
    await platform().push({ [moved]: withMounts('tmpfs: ["/data", "/more"]') });
    expect(await round()).toBe(0);
  });
});
