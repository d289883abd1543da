import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { expectReady } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";

const release = `
-- packages/web/package.yaml --
files:
  - { template: page.txt, to: www/page.txt, onChange: restart }
-- packages/web/page.txt --
first
-- ${composeFile} --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
    volumes: ["./www/page.txt:/www/page.txt:ro", "content:/content"]
volumes:
  content:
`;

describe("keelson where", () => {
  const platform = usePlatform({ release });
  const where = async (instance: string, ...args: string[]) => {
    const all = ["where", instance, "--config", platform().config, "--json", ...args];
    const ended = await platform().keelson(all);
    const said: unknown = JSON.parse(ended.stdout);
    return { ...ended, said };
  };
  const entry = async () => {
    const names = await readdir(join(platform().stateDir, "store"));
    return join(platform().stateDir, "store", names.find((name) => name.endsWith("-app-1.0.0")) ?? "");
  };

  beforeAll(async () => expectReady(await platform().reconcile()));

  it("must name all that a node has of an instance, as it is there", async () => {
    const [container] = await platform().containers();
    const { exitCode, said } = await where("web");
    expect(exitCode).toBe(0);
    expect(said).toMatchObject({
      node: { environment: platform().environment, name: platform().node },
      state: "running",
      package: "app/web",
      releaseVersion: "1.0.0",
      commit: await platform().repository.head(),
      staged: { path: await entry(), check: { state: "ok" } },
      filesFolder: join(platform().stateDir, "instances/web"),
      volumes: [{ name: `${platform().project("web")}_content`, isUsed: true }],
      containers: [{ id: container?.id, image: platform().image("web:1"), state: "running" }],
      engineError: null,
    });
  });

  it("must say so in words", async () => {
    const { stdout } = await platform().keelson(["where", "web", "--config", platform().config]);
    expect(stdout).toContain(`web on ${platform().environment}/${platform().node}: running`);
    expect(stdout).toContain(`${await entry()}  verified`);
  });

  it("must find a staged file that was changed, and leave it for a round", async () => {
    const path = join(await entry(), composeFile);
    await chmod(path, 0o644);
    await writeFile(path, "x");
    const { said } = await where("web");
    expect(said).toMatchObject({
      staged: { state: "staged", check: { state: "changed", differing: [composeFile] } },
    });
    expect((await where("web")).said).toMatchObject({ staged: { state: "staged" } });
  });

  it("must not call absent what an engine that is away may have", async () => {
    const { exitCode, said } = await where("web", "--docker-host", "unix:///nowhere/docker.sock");
    expect(exitCode).toBe(1);
    expect(said).toMatchObject({ state: "unknown", containers: null, engineError: { code: "K3001" } });
  });

  it("must call removed what no revision desires and has left its data", async () => {
    await platform().push({
      [platform().paths.environment]: (text) =>
        text.replace("package: app/web", "package: app/web\n    state: absent"),
    });
    await platform().reconcile();
    expect((await where("web")).said).toMatchObject({
      state: "removed",
      containers: [],
      volumes: [{ name: `${platform().project("web")}_content`, isUsed: false }],
    });
    const { exitCode, stdout } = await platform().keelson([
      "where",
      "wbe",
      "--config",
      platform().config,
      "--json",
    ]);
    expect({ exitCode, code: JSON.parse(stdout).error.code }).toEqual({ exitCode: 1, code: "K9074" });
  });
});
