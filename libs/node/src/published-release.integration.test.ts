import { execFile } from "node:child_process";
import { chmod, readFile, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { readCommit, readWorkTree } from "@keelson/git";
import { KeelsonError } from "@keelson/model";
import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { listWorkTreeReleases } from "./listed-release.ts";
import { beginRelease } from "./new-release.ts";
import { findChangedReleases, publishRelease } from "./published-release.ts";

const folder = "releases/shop/1.0.0";
const release = {
  ".gitattributes": "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding\n",
  [`${folder}/release.yaml`]: "# Ours.\nname: shop\nversion: 1.0.0 # the first\npackages: [web]\n",
  [`${folder}/packages/web/package.yaml`]: "name: web\nversion: 1.0.0\n",
  [`${folder}/packages/web/compose.yaml`]: "services: { web: { image: web } }\n",
};
const compose = `${folder}/packages/web/compose.yaml`;
const shop = { name: "shop", version: "1.0.0" };

let repository: Awaited<ReturnType<typeof makeGitRepository>>;
beforeEach(async () => {
  repository = await makeGitRepository();
  await repository.commit({ files: { "README.md": "State.\n" } });
  return async () => repository[Symbol.asyncDispose]();
});
const publish = async (isSigned = false) => publishRelease(repository.path, { ...shop, isSigned });
const changed = async (revision: string | null = null) => {
  const snapshot =
    revision === null
      ? await readWorkTree(repository.path)
      : await readCommit({ repository: repository.path, revision, timeoutMs: 60_000 });
  const files = await snapshot.readFiles(["releases/"]);
  const problems = await findChangedReleases(repository.path, { files, revision });
  return problems.map(({ code, file }) => `${code} ${file}`);
};

describe("publishing a release", () => {
  test("commits its folder and nothing else, and makes an annotated tag with the digest", async () => {
    await repository.write({ ...release, other: "mine\n" });
    await repository.git("add", "other");
    const published = await publish();
    expect(published).toMatchObject({ tag: "release/shop/1.0.0", isThere: false, problems: [] });
    expect(await repository.git("rev-parse", "HEAD")).toBe(published.commit);
    expect(await repository.git("show", "--format=%s", "--name-only", "HEAD")).toBe(
      `release(shop): 1.0.0\n\n${compose}\n${folder}/packages/web/package.yaml\n${folder}/release.yaml`,
    );
    expect(await repository.git("cat-file", "-t", "release/shop/1.0.0")).toBe("tag");
    expect(await repository.git("for-each-ref", "--format=%(contents)", "refs/tags")).toContain(
      `shop 1.0.0\n\nDigest: ${published.digest}`,
    );
    expect(await repository.git("status", "--porcelain", "other")).toBe("A  other");
  });

  test("does nothing the second time, and makes no commit where the folder has one", async () => {
    await repository.commit({ files: release });
    expect(await publish()).toMatchObject({ commit: null, isThere: false });
    const before = await repository.git("show-ref");
    expect(await publish()).toMatchObject({ commit: null, isThere: true });
    expect(await repository.git("show-ref")).toBe(before);
  });

  test.each<[string, string, () => Promise<unknown>]>([
    [
      "a file that changed",
      "K1451",
      async () => repository.write({ [compose]: "services: { web: { image: web:2 } }\n" }),
    ],
    ["a file more", "K1451", async () => repository.write({ [`${folder}/packages/web/more`]: "" })],
    ["a file less", "K1004", async () => rm(join(repository.path, folder, "packages/web/package.yaml"))],
    ["a mode", "K1451", async () => chmod(join(repository.path, compose), 0o755)],
  ])(
    "refuses %s under a version that is published, committed or not; and check says so",
    async (_what, code, change) => {
      await repository.commit({ files: release });
      await publish();
      expect(await changed()).toEqual([]);
      await change();
      const wanted = [`K1451 ${folder}/release.yaml`];
      expect(await changed()).toEqual(wanted);
      await repository.git("add", "--all");
      await repository.git("commit", "--quiet", "--message=change");
      expect(await changed()).toEqual(wanted);
      expect(await changed("HEAD")).toEqual(wanted);
      expect(await changed("HEAD~1")).toEqual([]);
      const before = await repository.git("show-ref");
      // One that lacks a file has a problem of its own.
      const end = await publish().then(
        ({ problems }) => problems.map(({ code }) => code),
        (error: unknown) => [error instanceof KeelsonError ? error.code : error],
      );
      expect(end).toContain(code);
      expect(await repository.git("show-ref")).toBe(before);
    },
  );

  test("makes no tag of what Git does not commit", async () => {
    await repository.commit({ files: release });
    await chmod(join(repository.path, compose), 0o755);
    await repository.git("config", "core.fileMode", "false");
    await expect(publish()).rejects.toMatchObject({ code: "K1459" });
    expect(await repository.git("tag")).toBe("");
    await chmod(join(repository.path, compose), 0o644);
    expect(await publish()).toMatchObject({ isThere: false, problems: [] });
  });

  test("refuses a release with problems, and one that is not there", async () => {
    await repository.write({
      ...release,
      [`${folder}/release.yaml`]: "name: shop\nversion: 1.0.1\npackages: [web]\n",
    });
    expect((await publish()).problems.map(({ code }) => code)).toEqual(["K1009"]);
    expect(await repository.git("tag")).toBe("");
    await expect(
      publishRelease(repository.path, { name: "shop", version: "7.0.0", isSigned: false }),
    ).rejects.toMatchObject({ code: "K1102" });
  });

  test("signs the tag with the user's key, and makes none where Git cannot sign", async () => {
    await using home = await makeTempFolder();
    await repository.commit({ files: release });
    vi.stubEnv("HOME", home.path);
    try {
      await expect(publish(true)).rejects.toMatchObject({ code: "K2012" });
      expect(await repository.git("tag")).toBe("");
      const key = join(home.path, "key");
      await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      await repository.git("config", "user.name", "A maintainer");
      await repository.git("config", "user.email", "maintainer@shop.example");
      await repository.git("config", "gpg.format", "ssh");
      await repository.git("config", "user.signingKey", key);
      await publish(true);
      expect(await repository.git("cat-file", "-p", "release/shop/1.0.0")).toContain("BEGIN SSH SIGNATURE");
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("a tag that somebody else has made", () => {
  test.each([
    [
      "of a blob",
      async () =>
        repository.git("tag", "release/shop/1.0.0", await repository.git("rev-parse", "HEAD:README.md")),
    ],
    ["of a tree", async () => repository.git("tag", "release/shop/1.0.0", "HEAD^{tree}")],
    ["of a commit without the release", async () => repository.git("tag", "release/shop/1.0.0", "HEAD")],
  ])("%s is told as a problem of its release alone", async (_what, tag) => {
    await tag();
    await repository.commit({ files: release });
    expect(await changed()).toEqual([`K1451 ${folder}/release.yaml`]);
    await expect(publish()).rejects.toMatchObject({ code: "K1451" });
    expect((await listWorkTreeReleases(repository.path))[0]?.published).toBe("changed since");
  });

  test("is not made under a name that Git cannot have, nor is a commit", async () => {
    const version = "1.0.1-a.lock";
    const files = Object.entries(release).map(([path, text]) => [
      path.replace("1.0.0", version),
      path.endsWith("release.yaml") ? text.replace("1.0.0", version) : text,
    ]);
    await repository.commit({ files: release });
    await repository.write(Object.fromEntries(files));
    const head = await repository.git("rev-parse", "HEAD");
    await expect(
      publishRelease(repository.path, { name: "shop", version, isSigned: false }),
    ).rejects.toMatchObject({ code: "K1007" });
    expect(await repository.git("rev-parse", "HEAD")).toBe(head);
  });
});

describe("a new version", () => {
  test("is not written behind a link, over anything, or with what is no file", async () => {
    await using outside = await makeTempFolder();
    await repository.write(release);
    await rename(join(repository.path, "releases/shop"), join(outside.path, "shop"));
    await symlink(join(outside.path, "shop"), join(repository.path, "releases/shop"));
    const begin = async (version: string) =>
      beginRelease(repository.path, { name: "shop", version, from: null });
    await expect(begin("2.0.0")).rejects.toMatchObject({ code: "K2012" });
    expect(await readdir(join(outside.path, "shop"))).toEqual(["1.0.0"]);
    await rm(join(repository.path, "releases/shop"));
    await rename(join(outside.path, "shop"), join(repository.path, "releases/shop"));
    await symlink("nowhere", join(repository.path, "releases/shop/3.0.0"));
    await expect(begin("3.0.0")).rejects.toMatchObject({ code: "K2012" });
    await promisify(execFile)("mkfifo", [join(repository.path, folder, "pipe")]);
    await expect(begin("4.0.0")).rejects.toMatchObject({ code: "K1448" });
    await expect(begin(`1.0.0-${"a".repeat(300)}`)).rejects.toMatchObject({ code: "K1007" });
  });

  test("is a copy of the highest one, links and modes too, with its version alone changed", async () => {
    await repository.write({ ...release, [`${folder}/packages/web/run.sh`]: "#!/bin/sh\n" });
    await chmod(join(repository.path, folder, "packages/web/run.sh"), 0o755);
    await symlink("run.sh", join(repository.path, folder, "packages/web/go.sh"));
    expect(await beginRelease(repository.path, { name: "shop", version: "1.1.0", from: null })).toMatchObject(
      {
        folder: "releases/shop/1.1.0",
        from: "1.0.0",
      },
    );
    expect(await readFile(join(repository.path, "releases/shop/1.1.0/release.yaml"), "utf8")).toBe(
      "# Ours.\nname: shop\nversion: 1.1.0 # the first\npackages: [web]\n",
    );
    await repository.git("add", "--all");
    const listed = async (version: string) =>
      (await repository.git("ls-files", "--stage", `releases/shop/${version}/packages`)).replaceAll(
        version,
        "",
      );
    expect(await listed("1.1.0")).toBe(await listed("1.0.0"));
    await expect(
      beginRelease(repository.path, { name: "shop", version: "1.1.0", from: null }),
    ).rejects.toMatchObject({ code: "K1452" });
    await expect(
      beginRelease(repository.path, { name: "shop", version: "1.2.0", from: "0.9.0" }),
    ).rejects.toMatchObject({ code: "K1102" });
  });

  test("has no version that no tag can be called", async () => {
    const version = "1.0.0-x.lock";
    await expect(beginRelease(repository.path, { name: "shop", version, from: null })).rejects.toMatchObject({
      code: "K1007",
    });
    expect(await readdir(repository.path)).not.toContain("releases");
  });

  test("has nothing that Git ignores", async () => {
    await repository.commit({ files: { ...release, ".gitignore": ".env\nnode_modules/\n" } });
    await repository.write({ [`${folder}/.env`]: "KEY=secret\n", [`${folder}/node_modules/x`]: "x" });
    await beginRelease(repository.path, { name: "shop", version: "1.1.0", from: null });
    const copied = await readdir(join(repository.path, "releases/shop/1.1.0"), { recursive: true });
    expect(copied.toSorted()).toEqual([
      "packages",
      "packages/web",
      "packages/web/compose.yaml",
      "packages/web/package.yaml",
      "release.yaml",
    ]);
  });

  test("of a release without any is a small one, which can be published", async () => {
    await repository.write({ ".gitattributes": release[".gitattributes"] });
    await beginRelease(repository.path, { name: "store", version: "0.1.0", from: null });
    expect(
      await publishRelease(repository.path, { name: "store", version: "0.1.0", isSigned: false }),
    ).toMatchObject({ problems: [], isThere: false });
  });

  test.each([
    ["Shop", "1.0.0"],
    ["shop", "1"],
  ])("%s %s has no such name or version", async (name, version) => {
    await expect(beginRelease(repository.path, { name, version, from: null })).rejects.toMatchObject({
      code: "K1007",
    });
  });
});

test("the list says which are published, which have changed since, and who has locked them", async () => {
  await repository.commit({
    files: {
      ...release,
      "environments/lab/environment.yaml":
        "name: lab\nreleases: { shop: ^1.0.0 }\ninstances: { web: { package: shop/web } }\n",
      "environments/lab/lock.yaml":
        "releases: { shop: { version: 1.0.0 } }\ninstances: { web: { package: shop/web, version: 1.0.0 } }\n",
    },
  });
  await publish();
  await beginRelease(repository.path, { name: "shop", version: "1.10.0", from: null });
  await beginRelease(repository.path, { name: "shop", version: "1.2.0", from: "1.0.0" });
  const list = async () =>
    (await listWorkTreeReleases(repository.path)).map(
      ({ name, version, published, lockedBy }) => `${name} ${version} ${published} ${lockedBy.join()}`,
    );
  expect(await list()).toEqual(["shop 1.10.0 no ", "shop 1.2.0 no ", "shop 1.0.0 yes lab"]);
  await repository.write({ [compose]: "services: {}\n" });
  expect((await list()).at(-1)).toBe("shop 1.0.0 changed since lab");
});
