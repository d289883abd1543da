import { chmod, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { readCommit } from "../../../libs/git/src/index.ts";
import { narDigest, treeOfFiles } from "../../../libs/nar/src/index.ts";
import { walkFolder } from "../../../libs/store/src/folder-walk.ts";
import {
  type TempFolder,
  copyCheckout,
  hashPath,
  keelsonCommand,
  makeNixStore,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runKeelson,
  withHostPackages,
} from "../../support/index.ts";
import { gitEnvironment } from "../../support/git-repository.ts";

const release = "releases/hello/0.1.0";

describe("a release of the repository that keelson init --state makes", () => {
  let folder: TempFolder;
  let state: string;
  const git = async (at: string, ...args: string[]) =>
    outputOf(["git", "-C", at, ...args], { env: gitEnvironment() });

  beforeAll(async () => {
    folder = await makeTempFolder("keelson-bytes-");
    state = folder.join("state");
    await outputOf(keelsonCommand(["init", "--state", state]), { env: plainEnvironment() });
    const config = join(state, release, "packages/web/config");
    await writeFile(join(config, "lf.txt"), "one\ntwo\n");
    await writeFile(join(config, "crlf.txt"), "one\r\ntwo\r\n");
    await writeFile(join(config, "mixed.txt"), "one\r\ntwo\n$Id$ $Format:%H$\n");
    await writeFile(join(config, "start.sh"), "#!/bin/sh\n");
    await chmod(join(config, "start.sh"), 0o755);
    await symlink("lf.txt", join(config, "link.txt"));
    await outputOf(keelsonCommand(["check"]), { cwd: state, env: plainEnvironment() });
    await git(state, "add", "--all");
    await git(state, "commit", "--quiet", "--message", "first");
  });
  afterAll(async () => folder[Symbol.asyncDispose]());

  /** Of what Git has, which is what a node reads. */
  const digestOfBlobs = async (at: string) => {
    const commit = await readCommit({ repository: at, revision: "HEAD", timeoutMs: 60_000 });
    return narDigest(treeOfFiles((await commit.readFiles([`${release}/`])).values(), release));
  };
  /** A clone on a machine that changes line ends wherever it may. */
  const cloneOf = async (at: string, name: string) => {
    const settings = ["core.autocrlf=true", "core.eol=crlf"].flatMap((each) => ["--config", each]);
    await git(folder.path, "clone", "--quiet", ...settings, at, name);
    return folder.join(name);
  };

  it("must have one digest: of Git's blobs, of a clone with core.autocrlf, of an archive, and with Nix", async () => {
    const digest = await digestOfBlobs(state);
    const clone = join(await cloneOf(state, "clone"), release);
    expect(await narDigest(walkFolder(clone))).toBe(digest);
    expect(await hashPath(clone)).toBe(digest);
    await git(state, "archive", "--prefix=archive/", `--output=${folder.join("archive.tar")}`, "HEAD");
    await outputOf(["tar", "-C", folder.path, "-xf", folder.join("archive.tar")]);
    expect(await narDigest(walkFolder(folder.join("archive", release)))).toBe(digest);
  });

  it("must be built by the flake that stands there, with that digest", async () => {
    const digest = await digestOfBlobs(state);
    await copyCheckout(folder.join("keelson"));
    await using store = await makeNixStore();
    const overrides = { keelson: `path:${folder.join("keelson")}`, "keelson/nixpkgs": withHostPackages[2] };
    const output = await store.build(
      `git+file://${await cloneOf(state, "built")}#release-hello-0_1_0`,
      ...Object.entries(overrides).flatMap(([name, flake]) => ["--override-input", name, flake]),
    );
    expect(await hashPath(output)).toBe(digest);
  });

  it("must have other bytes in a clone when its .gitattributes is gone, which check finds", async () => {
    const bare = await cloneOf(state, "bare");
    await rm(join(bare, ".gitattributes"));
    await git(bare, "commit", "--quiet", "--all", "--message", "no attributes");
    const { exitCode, stderr } = await runKeelson(["check", "--revision", "HEAD"], { cwd: bare });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("error[K1447] .gitattributes:1:1"),
    });
    const clone = join(await cloneOf(bare, "changed"), release);
    expect(await narDigest(walkFolder(clone))).not.toBe(await digestOfBlobs(bare));
  });
});
