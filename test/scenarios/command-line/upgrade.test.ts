import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";

import { makeGitRepository, runKeelson } from "../../support/index.ts";

const release = (version: string, image: string) => ({
  [`releases/shop/${version}/release.yaml`]: `name: shop\nversion: ${version}\npackages: [web]\n`,
  [`releases/shop/${version}/packages/web/package.yaml`]: `name: web\nversion: ${version}\n`,
  [`releases/shop/${version}/packages/web/compose.yaml`]: `services:\n  web: { image: "${image}" }\n  db: { image: db:1 }\n`,
});
const environment = (name: string) =>
  `name: ${name}\nextends: base # as all\ninstances:\n  web: { package: shop/web }\n`;
const lock =
  "releases:\n  shop: { version: 1.0.0 }\ninstances:\n  web: { package: shop/web, version: 1.0.0 }\n";
const base = "# What all run.\nname: base\nreleases:\n  shop: ^1.0.0 # the shop\n";

describe("keelson upgrade", () => {
  let repository: Awaited<ReturnType<typeof makeGitRepository>>;
  beforeEach(async () => {
    repository = await makeGitRepository();
    await repository.commit({
      files: {
        ".gitattributes":
          "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding\n",
        ...release("1.0.0", "web:1"),
        ...release("1.1.0", "web:2"),
        ...release("2.0.0", "web:3"),
        "environments/base/environment.yaml": base,
        "environments/lab/environment.yaml": environment("lab"),
        "environments/lab/lock.yaml": lock,
        "environments/lab/nodes/n1.yaml": "name: n1\n",
        "environments/lab/nodes/n2.yaml": "name: n2\n",
      },
    });
    return async () => repository[Symbol.asyncDispose]();
  });
  const keelson = async (...args: string[]) => runKeelson([...args, "-C", repository.path]);
  const read = async (path: string) => readFile(join(repository.path, path), "utf8");

  it("takes the highest version in the range, and says what each node would do", async () => {
    const { stdout, exitCode } = await keelson("upgrade", "shop");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("environments/lab/lock.yaml: shop 1.0.0 → 1.1.0\n");
    for (const node of ["n1", "n2"]) {
      const [, plan = ""] = stdout.split(`Plan for lab/${node} at the work tree\n`);
      expect(plan.split("\n\n")[0]).toMatch(/recreate lab-web\/web +image 1 → 2\n1 to recreate, 1 unchanged/);
    }
    expect(await read("environments/lab/lock.yaml")).toContain("shop: { version: 1.1.0, digest: sha256-");
    expect(await read("environments/base/environment.yaml")).toBe(base);
    expect((await keelson("check")).exitCode).toBe(0);
    expect((await keelson("upgrade", "shop")).stdout).toMatch(
      /up to date\nlab: shop 2\.0\.0 is there, and not in the range .*\n\nNothing to upgrade\.\n$/,
    );
  });

  it("changes the range where it stands, and commits both on a branch of its own", async () => {
    const { stdout, exitCode } = await keelson("upgrade", "shop@^2.0.0", "--branch");
    expect(stdout).toContain("on the branch upgrade/shop-2.0.0, which is checked out now. Push it");
    expect(stdout).toContain("the range of shop was ^1.0.0, and is ^2.0.0 now");
    expect(exitCode).toBe(0);
    expect(await read("environments/base/environment.yaml")).toBe(base.replace("^1.0.0", "^2.0.0"));
    expect(await repository.git("symbolic-ref", "--short", "HEAD")).toBe("upgrade/shop-2.0.0");
    expect(await repository.git("show", "--format=%s", "--name-only", "HEAD")).toBe(
      "upgrade(lab): shop 2.0.0\n\nenvironments/base/environment.yaml\nenvironments/lab/lock.yaml",
    );
    expect(await repository.git("status", "--porcelain")).toBe("");
  });

  it("changes nothing where there is such a branch already, and says what is beyond the range", async () => {
    await repository.git("branch", "upgrade/shop-1.1.0");
    for (const branch of [["--branch"], ["--branch", "no..branch"]]) {
      const { stderr, exitCode } = await keelson("upgrade", "shop", ...branch);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("error[K2012]")]);
      expect(await repository.git("status", "--porcelain")).toBe("");
    }
    const { stdout } = await keelson("upgrade", "shop", "--branch", "other");
    expect(stdout).toContain(
      "lab: shop 2.0.0 is there, and not in the range ^1.0.0: keelson upgrade shop@^2.0.0 -e lab\n",
    );
    expect(stdout).toContain("on the branch other, which is checked out now. Push it");
  });

  it("says that an upgrade which is there already is in no commit", async () => {
    expect((await keelson("upgrade", "shop")).exitCode).toBe(0);
    const { stderr, exitCode } = await keelson("upgrade", "shop", "--branch");
    expect(stderr).toContain(
      "error[K2011] environments/lab/lock.yaml has other changes that are in no commit",
    );
    expect(exitCode).toBe(1);
  });

  it("commits nothing where a node could not follow, and says why", async () => {
    await repository.commit({
      files: {
        ...release("1.2.0", "web:4"),
        "releases/shop/1.2.0/packages/web/compose.yaml":
          "services: { web: { image: web:4, privileged: true } }\n",
      },
    });
    const { stdout, stderr, exitCode } = await keelson("upgrade", "shop", "--branch", "next");
    expect(exitCode).toBe(1);
    expect(`${stdout}${stderr}`).toMatch(
      /error\[K14\d\d\] releases\/shop\/1\.2\.0\/packages\/web\/compose\.yaml:1:/,
    );
    expect(stdout).toContain("Nothing is committed");
    expect(await repository.git("branch", "--list", "next")).toBe("");
  });

  it("refuses a release that is in no commit, before it writes anything", async () => {
    await repository.write(release("1.3.0", "web:5"));
    const { stderr, exitCode } = await keelson("upgrade", "shop", "--commit");
    expect(stderr).toMatch(/error\[K2011\] releases\/shop\/1\.3\.0\/.* is in no commit/);
    expect(exitCode).toBe(1);
    expect(await read("environments/lab/lock.yaml")).toBe(lock);
    await rm(join(repository.path, "releases/shop/1.3.0"), { recursive: true });
  });

  it.each([
    ["shop@not-a-range", "K1003"],
    ["shopp", "K1114"],
    ["shop@^7.0.0", "K1450"],
  ])("refuses %s (%s)", async (asked, code) => {
    const { stdout, stderr, exitCode } = await keelson("upgrade", asked);
    expect(`${stdout}${stderr}`).toContain(`error[${code}]`);
    expect(exitCode).toBe(1);
    expect(await repository.git("status", "--porcelain")).toBe("");
  });
});
