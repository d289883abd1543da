import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { startAgent } from "../agent-process.ts";
import { execIn } from "../containers.ts";
import { compareContainers } from "../fates.ts";
import { footprintOf } from "../footprint.ts";
import { usePlatform } from "../platform.ts";
import { lockFor, parseFiles } from "../repository-text.ts";
import { tellingImage } from "../telling-image.ts";

/** Of one environment all is as the release says, and of the other the settings are its own. */
const lab = uniqueName("t");
const clinic = `${lab}-eu`;
const instances = { core: { package: "app/core" }, store: { package: "app/store" } };

const release = parseFiles(`
-- release.yaml --
name: app
version: 1.9.0
packages: [core, store]
settings: settings.schema.json
-- settings.schema.json --
{ "type": "object", "properties": { "limit": { "type": "integer", "default": 10 } } }
-- packages/core/package.yaml --
name: core
version: 1.9.0
files: [{ template: limit.conf.liquid, to: conf/app.conf, onChange: "signal:HUP" }]
-- packages/core/limit.conf.liquid --
limit {{ settings.limit }}
-- packages/core/compose.yaml --
services:
  api: { image: "IMAGES/api:1", volumes: ["./conf:/etc/app:ro"] }
  web: { image: "IMAGES/web:1" }
-- packages/store/package.yaml --
name: store
version: 1.9.0
-- packages/store/compose.yaml --
services:
  db: { image: "IMAGES/db:1", volumes: ["data:/data"] }
volumes: { data: {} }
`);

const environmentFiles = (name: string, settings: string) => ({
  [`environments/${name}/environment.yaml`]: `name: ${name}
releases: { app: ^1.9.0 }
instances: { core: { package: app/core }, store: { package: app/store } }
policy: { requireDigests: false }
${settings}`,
  [`environments/${name}/lock.yaml`]: lockFor(instances, "1.9.0")
    .replaceAll('version: "1.0.0"', "")
    .replaceAll("version: 1.0.0", "version: 1.9.0"),
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
});

describe("a release that is published, and an upgrade of it that is merged", () => {
  const platform = usePlatform({
    name: lab,
    images: { "api:1": tellingImage },
    files: {
      ".gitattributes":
        "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding\n",
      ...Object.fromEntries(
        Object.entries(release).map(([path, text]) => [`releases/app/1.9.0/${path}`, text]),
      ),
      ...environmentFiles(lab, ""),
      ...environmentFiles(clinic, "settings: { app: { limit: 15 } }\n"),
      // So that the image is there when the version that names it is written.
      "notes.txt": "IMAGES/web:2\n",
    },
  });
  let second: string;
  const keelson = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await platform().keelson(args);
    if (exitCode !== 0) throw new Error(stdout + stderr);
    return stdout;
  };
  const reconcileBoth = async () => {
    const other = await startAgent(second, { log: [] }).ended;
    return [(await platform().reconcile()).exitCode, other.exitCode];
  };
  const containersOf = async (environment: string) =>
    (await platform().containers()).filter(({ labels }) => labels["io.keelson.environment"] === environment);
  const run = async (environment: string, service: string, ...command: string[]) => {
    const found = (await containersOf(environment)).find((each) => each.service === service);
    return execIn(platform().docker, found?.id ?? service, command);
  };
  const edit = async (path: string, from: string, to: string) => {
    const file = join(platform().repository.path, "releases/app/1.9.2", path);
    const text = await readFile(file, "utf8");
    expect(text).toContain(from);
    await writeFile(file, text.replaceAll(from, to));
  };
  const git = async (...args: string[]) => platform().repository.git(...args);

  beforeAll(async () => {
    const { folder } = platform();
    second = await platform().configure(
      { environment: clinic, stateDir: join(folder, "state-eu"), keyFile: join(folder, "node-eu.key") },
      join(folder, "agent-eu.yaml"),
    );
    await reconcileBoth();
    for (const name of [lab, clinic])
      await run(name, "db", "sh", "-c", "head -c 100000 /dev/urandom > /data/table");
  });

  it("must be one commit and one tag, which never change", async () => {
    await keelson("release", "new", "app@1.9.2");
    await edit("packages/core/compose.yaml", "web:1", "web:2");
    await edit("settings.schema.json", '"default": 10', '"default": 20');
    await keelson("release", "publish", "app@1.9.2");
    const tip = await git("rev-parse", "HEAD");
    expect(await git("rev-list", "--count", "origin/main..HEAD")).toBe("1");
    expect(await git("rev-parse", "release/app/1.9.2^{commit}")).toBe(tip);
    await keelson("release", "publish", "app@1.9.2");
    expect(await git("rev-parse", "HEAD")).toBe(tip);
    const difference = await keelson("release", "diff", "app@1.9.0", "app@1.9.2");
    expect(difference).toMatch(/web +.*web:1 → .*web:2/);
    expect(difference).toMatch(/limit +default 10 → default 20/);
    await edit("packages/store/compose.yaml", "db:1", "db:9");
    const changed = await platform().keelson(["release", "publish", "app@1.9.2"]);
    expect([changed.exitCode, changed.stderr]).toEqual([1, expect.stringContaining("error[K1451]")]);
    await git("checkout", "--quiet", ".");
  });

  it("must be planned for every node with no effect, each with its own settings", async () => {
    await git("push", "--quiet", "origin", "main", "release/app/1.9.2");
    const containers = await platform().containers();
    const footprint = await footprintOf(platform().folder);
    const printed = await keelson("upgrade", "app", "--branch");
    expect(await footprintOf(platform().folder)).toEqual(footprint);
    expect(await platform().containers()).toEqual(containers);
    const [, ofClinic = "", ofLab = ""] = printed
      .split(/^Plan for .*$/m)
      .toSorted((a, b) => a.length - b.length);
    for (const plan of [ofLab, ofClinic]) expect(plan).toMatch(/recreate +\S+-core\/web +image .*1 → .*2/);
    expect(ofLab).toMatch(/reload +\S+-core\/api/);
    expect(ofClinic).not.toContain("core/api");
    for (const plan of [ofLab, ofClinic]) expect(plan).not.toContain("-store");
    const schema = "releases/app/1.9.2/settings.schema.json:1";
    expect(ofLab).toContain(`settings of core, store:\n  ~ limit  10 → 20 (by default, ${schema})\n`);
    expect(ofClinic).toContain(
      `settings of core, store:\n  = limit  stays 15 (environments/${clinic}/environment.yaml:5; its default was 10, and is 20 now)\n`,
    );
  });

  it("must do what was planned once it is merged, and keep data and what did not change", async () => {
    const sums = async () =>
      Promise.all([lab, clinic].map(async (name) => run(name, "db", "sha256sum", "/data/table")));
    const before = { lab: await containersOf(lab), clinic: await containersOf(clinic), sums: await sums() };
    await git("checkout", "--quiet", "main");
    await git("merge", "--quiet", "--ff-only", "upgrade/app-1.9.2");
    await git("push", "--quiet", "origin", "main");
    expect(await reconcileBoth()).toEqual([0, 0]);
    expect(compareContainers(before.lab, await containersOf(lab))).toEqual({ "core/web": "recreated" });
    expect(compareContainers(before.clinic, await containersOf(clinic))).toEqual({ "core/web": "recreated" });
    expect(await run(lab, "api", "cat", "/etc/app/app.conf")).toBe("limit 20\n");
    expect(await run(clinic, "api", "cat", "/etc/app/app.conf")).toBe("limit 15\n");
    const events = async (name: string) => run(name, "api", "cat", "/www/events");
    expect([await events(lab), await events(clinic)]).toEqual(["start\nhup\n", "start\n"]);
    expect(await sums()).toEqual(before.sums);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});
