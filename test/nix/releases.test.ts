import { appendFile, chmod, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  type NixStore,
  type TempFolder,
  checkout,
  copyCheckout,
  hashPath,
  makeNixStore,
  makeTempFolder,
  nixSystem,
  outputOf,
  withHostPackages,
} from "../support/index.ts";

/** The flake of a state repository, whose packages are its releases. */
const stateFlake = `{
  inputs.keelson.url = "keelson";
  outputs = { self, keelson }: { packages = keelson.lib.releasesOf ./.; };
}
`;

/** A release with all that an archive tells apart, and names that sort differently by their bytes and as JavaScript does. */
async function writeRelease(folder: string): Promise<void> {
  await mkdir(join(folder, "packages/web"), { recursive: true });
  await writeFile(join(folder, "release.yaml"), "name: hello\nversion: 0.1.0-rc.1\npackages: [web]\n");
  await writeFile(join(folder, "packages/web/start.sh"), "#!/bin/sh\n");
  await chmod(join(folder, "packages/web/start.sh"), 0o755);
  await symlink("start.sh", join(folder, "packages/web/begin"));
  await writeFile(join(folder, "packages/web/empty"), "");
  await writeFile(join(folder, "packages/web/\u{1F600}"), Buffer.from([0, 255, 13, 10]));
  await writeFile(join(folder, "packages/web/\uFF5E"), "x".repeat(100_001));
}

describe("nix build .#release-…", () => {
  const cleanUp = new AsyncDisposableStack();
  let store: NixStore;
  let folder: TempFolder;
  let keelson: string[];

  beforeAll(async () => {
    store = cleanUp.use(await makeNixStore());
    folder = cleanUp.use(await makeTempFolder("keelson-state-"));
    await copyCheckout(folder.join("keelson"));
    const nixpkgs = withHostPackages[2];
    const overrides = { keelson: `path:${folder.join("keelson")}`, "keelson/nixpkgs": nixpkgs };
    keelson = Object.entries(overrides).flatMap(([name, flake]) => ["--override-input", name, flake]);
  });
  afterAll(async () => cleanUp.disposeAsync());

  /** Makes a state repository with one release, and returns its folder. */
  const makeState = async (name: string) => {
    const state = folder.join(name);
    await writeRelease(join(state, "releases/hello/0.1.0-rc.1"));
    await writeFile(join(state, "flake.nix"), stateFlake);
    return state;
  };
  const build = async (reference: string, ...options: string[]) =>
    store.build(reference, ...keelson, ...options);
  const release = "release-hello-0_1_0-rc_1";

  it("must give every release of this repository, as it is in Git", async () => {
    for (const version of await readdir(join(checkout, "releases/sample-platform"))) {
      const name = `release-sample-platform-${version.replaceAll(".", "_")}`;
      const output = await store.build(`path:${folder.join("keelson")}#${name}`, ...withHostPackages);
      const committed = join(checkout, "releases/sample-platform", version);
      expect(await hashPath(output)).toBe(await hashPath(committed));
    }
  });

  it("must give the releases of a state repository by a flake of its own", async () => {
    const state = await makeState("own");
    const output = await build(`path:${state}#${release}`);
    const digest = await hashPath(join(state, "releases/hello/0.1.0-rc.1"));
    expect(await hashPath(output)).toBe(digest);
    // The digest is that of these bytes.
    const archive = await readFile(await build(`path:${state}#${release}.nar`));
    expect(Buffer.compare(archive, await store.dump(output))).toBe(0);
    expect(`sha256-${createHash("sha256").update(archive).digest("base64")}`).toBe(digest);
  });

  it("must give the same bytes when it is built again", async () => {
    const state = await makeState("again");
    for (const name of [release, `${release}.nar`]) {
      const output = await build(`path:${state}#${name}`);
      expect(await build(`path:${state}#${name}`, "--rebuild")).toBe(output);
    }
  });

  it("must give the same bytes from another folder, umask and time zone", async () => {
    const state = await makeState("here");
    const elsewhere = await makeState("deeper/there");
    await outputOf(["chmod", "-R", "go-rwx", elsewhere]);
    await using other = await makeNixStore({ umask: "077", env: { TZ: "Pacific/Chatham" } });
    const there = await other.build(`path:${elsewhere}#${release}.nar`, ...keelson);
    const here = await build(`path:${state}#${release}.nar`);
    expect(basename(there)).toBe(basename(here));
    expect(await hashPath(there)).toBe(await hashPath(here));
  });

  it("must not be built anew for another file of the repository", async () => {
    const state = await makeState("other");
    const output = await build(`path:${state}#${release}`);
    await writeFile(join(state, "README.md"), "Notes.\n");
    await writeRelease(join(state, "releases/hello/0.2.0"));
    expect(await build(`path:${state}#${release}`)).toBe(output);
  });

  it("must take what Git has, and not what lies beside it", async () => {
    const state = await makeState("git");
    const git = async (...args: string[]) => outputOf(["git", "-C", state, ...args]);
    await git("init", "--quiet");
    await git("add", ".");
    const digest = await hashPath(join(state, "releases/hello/0.1.0-rc.1"));
    await writeFile(join(state, "releases/hello/0.1.0-rc.1/notes"), "not added");
    expect(await hashPath(await build(`git+file://${state}#${release}`))).toBe(digest);
  });

  it("must have another digest after a change of one byte", async () => {
    const state = await makeState("changed");
    const output = await build(`path:${state}#${release}`);
    await appendFile(join(state, "releases/hello/0.1.0-rc.1/packages/web/empty"), "\n");
    const changed = await build(`path:${state}#${release}`);
    expect(changed).not.toBe(output);
    expect(await hashPath(changed)).not.toBe(await hashPath(output));
  });

  it("must be found out when somebody changes it in the store", async () => {
    const state = await makeState("tampered");
    const output = await build(`path:${state}#${release}`);
    const verify = async () => store.run("store", "verify", "--no-trust", output.slice(store.path.length));
    expect(await verify()).toMatchObject({ exitCode: 0 });
    await chmod(join(output, "packages/web/empty"), 0o755);
    expect(await verify()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("was modified") });
    await chmod(join(output, "packages/web/empty"), 0o444);
  });

  it("must refuse a folder that is not the same everywhere, with everything that is wrong", async () => {
    const state = await makeState("faulty");
    const web = join(state, "releases/hello/0.1.0-rc.1/packages/web");
    await writeFile(join(web, "Empty"), "");
    await symlink("/etc/hostname", join(web, "host"));
    await symlink("../../../../../flake.nix", join(web, "out"));
    const { exitCode, stderr } = await store.run(
      "build",
      "-L",
      "--no-link",
      ...keelson,
      `path:${state}#${release}`,
    );
    expect(exitCode).toBe(1);
    for (const name of ["empty", "host", "out"]) expect(stderr).toContain(`> packages/web/${name} `);
  });

  it.each([
    ["is not there", null, "release.yaml cannot be read: ENOENT"],
    [
      "has another name",
      "name: other\nversion: 0.1.0-rc.1\n",
      "release.yaml is that of other 0.1.0-rc.1, in the folder",
    ],
    [
      "has another version",
      "name: hello\nversion: 0.1.0\n",
      "release.yaml is that of hello 0.1.0, in the folder",
    ],
    [
      "is written in another way",
      "{ name: hello, version: 0.1.0-rc.1 }\n",
      "release.yaml cannot be read: line 1 begins in a way",
    ],
  ])("must refuse a folder whose release.yaml %s", async (how, text, told) => {
    const state = await makeState(`where-it-${how.replaceAll(" ", "-")}`);
    const document = join(state, "releases/hello/0.1.0-rc.1/release.yaml");
    await (text === null ? rm(document) : writeFile(document, text));
    const { exitCode, stderr } = await store.run(
      "build",
      "-L",
      "--no-link",
      ...keelson,
      `path:${state}#${release}`,
    );
    expect(stderr).toContain(`> ${told}`);
    expect(exitCode).toBe(1);
  });

  it.each(["hello/1_0_0", "hello/next", "Hello/1.0.0", ".hello/1.0.0"])(
    "must refuse a folder named releases/%s",
    async (name) => {
      const state = await makeState(`named-${name.replace("/", "-")}`);
      await writeRelease(join(state, "releases", name));
      const built = await store.run("build", "--no-link", ...keelson, `path:${state}#${release}`);
      expect(built).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`releases/${name} must be`),
      });
    },
  );

  it("must take no link for a release", async () => {
    const state = await makeState("linked");
    await symlink("0.1.0-rc.1", join(state, "releases/hello/0.2.0"));
    await symlink("hello", join(state, "releases/other"));
    const packages: string[] = JSON.parse(
      await store.nix(
        "eval",
        "--json",
        ...keelson,
        `path:${state}#packages.${nixSystem}`,
        "--apply",
        "builtins.attrNames",
      ),
    );
    expect(packages).toEqual([release]);
  });

  it("must have a check that a build that is not reproducible does not pass", async () => {
    await mkdir(folder.join("chance"));
    const outputs = `outputs = { self, nixpkgs }: {
      packages = builtins.mapAttrs (_: pkgs: {
        default = pkgs.runCommand "chance" { } "head -c 16 /dev/urandom >$out";
      }) nixpkgs.legacyPackages;
    };`;
    await writeFile(folder.join("chance/flake.nix"), `{ ${outputs} }\n`);
    const reference = `path:${folder.join("chance")}`;
    await store.build(reference, ...withHostPackages);
    const again = await store.run("build", "--no-link", "--rebuild", ...withHostPackages, reference);
    expect(again).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("may not be deterministic"),
    });
  });
});
