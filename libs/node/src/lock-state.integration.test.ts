import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { readWorkTree } from "@keelson/git";
import { readRepository } from "@keelson/manifest";
import { makeGitRepository } from "@keelson/test/support";
import { beforeEach, describe, expect, test } from "vitest";

import { commitLocks, makeLocks, writeLocks } from "./lock-state.ts";

const release = (version: string, packages = "[web]") => ({
  [`releases/shop/${version}/release.yaml`]: `name: shop\nversion: ${version}\npackages: ${packages}\n`,
  [`releases/shop/${version}/packages/web/package.yaml`]: `name: web\nversion: ${version}\n`,
  [`releases/shop/${version}/packages/web/compose.yaml`]: "services: { web: { image: web } }\n",
});
const environment = (range: string, more = "") =>
  `name: lab\nreleases: { shop: ${range} }\ninstances: { web: { package: shop/web } }\n${more}`;
const lockFile = "environments/lab/lock.yaml";

describe("keelson lock", () => {
  let repository: Awaited<ReturnType<typeof makeGitRepository>>;
  beforeEach(async () => {
    repository = await makeGitRepository();
    await repository.commit({
      files: {
        ...release("1.0.0"),
        ...release("1.2.0"),
        ...release("2.0.0-rc.1"),
        "environments/lab/environment.yaml": environment("^1.0.0"),
        "environments/lab/nodes/n1.yaml": "name: n1\n",
        "environments/base/environment.yaml": "name: base\n",
        "environments/home/environment.yaml": "name: home\ninstances: { wiki: { package: ./apps/wiki } }\n",
        "environments/home/nodes/nas.yaml": "name: nas\n",
        "apps/wiki/compose.yaml": "services: { wiki: { image: wiki } }\n",
      },
    });
    return async () => repository[Symbol.asyncDispose]();
  });
  const make = async (name?: string) => makeLocks(repository.path, { environment: name });
  const textOfLock = async () => readFile(join(repository.path, lockFile), "utf8");
  const codes = async (name?: string) =>
    (await make(name)).problems.map(({ code, file, line }) => `${code} ${file}:${line}`);

  test("takes the highest version in the range, with the digest that a node compares, in a stable order", async () => {
    const { locks, problems } = await make();
    expect(problems).toEqual([]);
    expect(locks.map(({ environment: name }) => name)).toEqual(["lab"]);
    await writeLocks(repository.path, locks);
    const text = await textOfLock();
    expect(text).toMatch(
      /^# Written by keelson lock.*\nreleases:\n {2}shop: { version: 1\.2\.0, digest: sha256-\S{44} }\ninstances:\n {2}web: { package: shop\/web, version: 1\.2\.0 }\n$/,
    );
    expect((await make()).locks.map(({ isChanged, changes }) => [isChanged, changes])).toEqual([[false, []]]);
  });

  test("names what changes, keeps the comments at the top, and drops what the environment has no more", async () => {
    await repository.write({
      [lockFile]:
        "# Ours.\nreleases:\n  old: { version: 1.0.0 }\n  shop: { version: 1.0.0 }\ninstances: {}\n",
    });
    const [lock] = (await make("lab")).locks;
    expect(lock?.text.split("\n")[0]).toBe("# Ours.");
    expect(
      lock?.changes.map(({ release: name, before, after }) => [name, before?.version, after?.version]),
    ).toEqual([
      ["old", "1.0.0", undefined],
      ["shop", "1.0.0", "1.2.0"],
    ]);
  });

  test("a version that cannot be read is not passed over for a lower one", async () => {
    await writeFile(join(repository.path, "releases/shop/1.2.0/release.yaml"), "name: [\n");
    expect(await codes()).toContain("K1001 releases/shop/1.2.0/release.yaml:2");
    await rm(join(repository.path, "releases/shop/1.2.0/release.yaml"));
    expect(await codes()).toContain("K1004 releases/shop/1.2.0/release.yaml:1");
  });

  test.each([
    ["^3.0.0", "", "K1450 environments/lab/environment.yaml:2"],
    ["^2.0.0-rc.0", "", null],
    ["^2.0.0", "", "K1450 environments/lab/environment.yaml:2"],
  ])("the range %s", async (range, more, wanted) => {
    await repository.write({ "environments/lab/environment.yaml": environment(range, more) });
    expect(await codes()).toEqual(wanted === null ? [] : [wanted]);
  });

  test("a package that the version does not have is named, and nothing is written", async () => {
    const text = environment("^1.0.0").replace("shop/web", "shop/wep");
    await repository.write({ "environments/lab/environment.yaml": text });
    expect(await make()).toMatchObject({ locks: [], problems: [{ code: "K1116", line: 3 }] });
  });

  test("an environment that is not there, or needs no lock, is named", async () => {
    await expect(make("lap")).rejects.toMatchObject({ code: "K1110" });
    await expect(make("home")).rejects.toMatchObject({ code: "K1101" });
  });

  test("only committed releases are committed, alone, and once", async () => {
    await repository.write({ ...release("1.3.0"), other: "mine\n" });
    const { locks } = await make();
    await expect(commitLocks(repository.path, locks)).rejects.toMatchObject({
      code: "K2011",
      message: expect.stringContaining("releases/shop/1.3.0/"),
    });
    await repository.git("add", "releases");
    await repository.git("commit", "--quiet", "--message=release");
    expect(await commitLocks(repository.path, locks)).toMatch(/^[0-9a-f]{40}$/);
    expect(await repository.git("show", "--format=%s", "--name-only", "HEAD")).toBe(
      `lock(lab): shop 1.3.0\n\n${lockFile}`,
    );
    expect(await commitLocks(repository.path, (await make()).locks)).toBeNull();
  });

  test("an environment that requires digests refuses a lock without one, until it is locked", async () => {
    await repository.write({
      "environments/lab/environment.yaml": environment("^1.0.0", "policy: { requireLockDigests: true }\n"),
      [lockFile]:
        "releases: { shop: { version: 1.2.0 } }\ninstances: { web: { package: shop/web, version: 1.2.0 } }\n",
    });
    const problems = async () => {
      const files = await (
        await readWorkTree(repository.path)
      ).readFiles(["environments/", "releases/", "apps/"]);
      return readRepository(files).problems.map(({ code, file, line }) => `${code} ${file}:${line}`);
    };
    expect(await problems()).toEqual([`K1449 ${lockFile}:1`]);
    await writeLocks(repository.path, (await make()).locks);
    expect(await problems()).toEqual([]);
  });
});
