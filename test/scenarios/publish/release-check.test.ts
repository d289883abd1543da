import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { type GitRepository, makeGitRepository, runKeelson } from "../../support/index.ts";

const release = (version: string, service: string) => ({
  [`releases/shop/${version}/release.yaml`]: `name: shop\nversion: ${version}\npackages: [web]\n`,
  [`releases/shop/${version}/packages/web/package.yaml`]: `name: web\nversion: ${version}\n`,
  [`releases/shop/${version}/packages/web/compose.yaml`]: `services:\n  web: ${service}\n`,
});

describe("keelson release check", () => {
  let repository: GitRepository;
  beforeAll(async () => {
    repository = await makeGitRepository();
    await repository.commit({
      files: {
        ".gitattributes":
          "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding\n",
        ...release("1.0.0", "{ image: web:1 }"),
        ...release("1.1.0", "{ build: . }"),
        "environments/lab/environment.yaml": "name: lab\nmistake: 1\n",
      },
    });
    return async () => repository[Symbol.asyncDispose]();
  });
  const keelson = async (...args: string[]) => runKeelson(["release", ...args, "-C", repository.path]);

  it("must say nothing of other releases and of environments", async () => {
    expect(await keelson("check", "shop@1.0.0")).toMatchObject({
      exitCode: 0,
      stdout: "ok  shop 1.0.0, 1 package checked\n",
    });
    expect((await runKeelson(["check", "-C", repository.path])).exitCode).toBe(1);
  });

  it("must say what is wrong with this one, also where no node gets it", async () => {
    const { exitCode, stderr } = await keelson("check", "shop@1.1.0");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("releases/shop/1.1.0/packages/web/compose.yaml:2:");
    expect(stderr).not.toContain("environments/");
    const { stdout } = await keelson("check", "shop@1.1.0", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      name: "shop",
      packages: 1,
      problems: [{ line: 2 }],
      warnings: [],
    });
  });

  it("must keep one with problems from being published", async () => {
    const { exitCode, stderr } = await keelson("publish", "shop@1.1.0");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("compose.yaml:2:")]);
    expect(await repository.git("tag")).toBe("");
  });

  it("must warn of an image that the lock lacks, also where no node has the package", async () => {
    const lock = join(repository.path, "releases/shop/1.0.0/images.lock.yaml");
    await writeFile(lock, "images: {}\n");
    const { exitCode, stderr } = await keelson("check", "shop@1.0.0");
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringContaining("[K1453] releases/shop/1.0.0/packages/web/compose.yaml:2:"),
    ]);
    await rm(lock);
  });

  it("must say that a published one has changed", async () => {
    expect((await keelson("publish", "shop@1.0.0")).exitCode).toBe(0);
    expect((await keelson("check", "shop@1.0.0")).exitCode).toBe(0);
    await repository.commit({ files: release("1.0.0", "{ image: web:9 }") });
    const { exitCode, stderr } = await keelson("check", "shop@1.0.0");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("error[K1451]")]);
  });

  it.each([
    ["shop@3.0.0", "K1102"],
    ["shop", "K9010"],
  ])("must refuse %s with %s", async (name, code) => {
    const { exitCode, stderr } = await keelson("check", name);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`error[${code}]`)]);
  });
});
