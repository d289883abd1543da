import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findLockedPackages } from "../../packaging/nix/locked-packages.ts";
import { writePackage } from "../../packaging/npm-package.ts";
import {
  type NixStore,
  checkout,
  copyCheckout,
  hashPath,
  makeNixStore,
  makeTempFolder,
  nixSystem,
  outputOf,
  runProgram,
  startEngine,
  withHostPackages,
} from "../support/index.ts";

const { version } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
const lockText = await readFile(join(checkout, "pnpm-lock.yaml"), "utf8");

describe("the packages of a build with Nix", () => {
  it("must be those of pnpm-lock.yaml (node script/generate.ts)", async () => {
    const committed = await readFile(join(checkout, "packaging/nix/packages.json"), "utf8");
    expect(JSON.parse(committed)).toEqual(findLockedPackages(lockText));
  });

  it("must be refused where pnpm lays them out in another way", () => {
    const withPeer = lockText.replaceAll("'@balena/dockerignore@1.0.2'", "'@balena/dockerignore@1.0.2(a@1)'");
    expect(() => findLockedPackages(withPeer)).toThrow("@balena/dockerignore@1.0.2");
  });
});

interface Descriptor {
  digest: string;
  size: number;
}

describe("nix build .#keelson .#agent-image", () => {
  const names = ["keelson", "agent-image"] as const;
  const cleanUp = new AsyncDisposableStack();
  let store: NixStore;
  let flake: string;
  let outputs: Record<(typeof names)[number], string>;

  const buildAll = async (from: NixStore, reference: string, ...options: string[]) => {
    const built: string[] = [];
    for (const name of names) {
      built.push(await from.build(`${reference}#${name}`, ...options, ...withHostPackages));
    }
    const [keelson = "", image = ""] = built;
    return { keelson, "agent-image": image };
  };

  beforeAll(async () => {
    store = cleanUp.use(await makeNixStore());
    const folder = cleanUp.use(await makeTempFolder("keelson-flake-"));
    flake = `path:${folder.path}`;
    await copyCheckout(folder.path);
    await store.addPackages();
    outputs = await buildAll(store, flake);
  });
  afterAll(async () => cleanUp.disposeAsync());

  it("must give the bytes of script/bundle", async () => {
    await using folder = await makeTempFolder("keelson-bundle-");
    const bundle = await writePackage({ folder: folder.join("keelson") });
    expect(await hashPath(join(outputs.keelson, "lib/keelson"))).toBe(await hashPath(bundle));
  });

  it("must give the same bytes when it is built again", async () => {
    expect(await buildAll(store, flake, "--rebuild")).toEqual(outputs);
  });

  it("must give the same bytes from another folder, umask and time zone", async () => {
    const env = { TZ: "Pacific/Chatham", LC_ALL: "tr_TR.UTF-8" };
    await using other = await makeNixStore({ umask: "077", env });
    await using folder = await makeTempFolder("keelson-flake-");
    const elsewhere = folder.join("deeper/of another name");
    await mkdir(folder.join("deeper"));
    await copyCheckout(elsewhere);
    // As somebody else's installation and build have it.
    await mkdir(join(elsewhere, "apps/cli/node_modules/commander"), { recursive: true });
    await mkdir(join(elsewhere, "apps/cli/dist"));
    // As this umask makes a checkout.
    await outputOf(["chmod", "-R", "go-rwx", elsewhere]);
    await other.addPackages();
    const built = await buildAll(other, `path:${encodeURI(elsewhere)}`);
    for (const name of names) {
      expect(basename(built[name])).toBe(basename(outputs[name]));
      expect(await hashPath(built[name])).toBe(await hashPath(outputs[name]));
    }
  });

  it("must be part of a flake that passes nix flake check", async () => {
    const checked = await store.run("flake", "check", ...withHostPackages, flake);
    expect(checked).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("nixosModules.agent") });
    expect(checked.stderr).not.toContain("unknown flake output");
  });

  it("must give programs that run", async () => {
    const said = await store.build(`${flake}#checks.${nixSystem}.keelson-runs`, ...withHostPackages);
    expect(await readFile(said, "utf8")).toBe(`${version}\n${version}\n`);
  });

  it("must give an OCI image layout whose descriptors fit", async () => {
    await using folder = await makeTempFolder("keelson-layout-");
    await outputOf(["tar", "-xf", outputs["agent-image"], "-C", folder.path]);
    const fits = async ({ digest, size }: Descriptor) => {
      const path = folder.join("blobs", digest.replace(":", "/"));
      expect((await stat(path)).size).toBe(size);
      const [sum] = (await outputOf(["sha256sum", path])).split(" ");
      expect(`sha256:${sum}`).toBe(digest);
      return path;
    };
    const read = async (path: string) => JSON.parse(await readFile(path, "utf8"));
    const layout = await read(folder.join("oci-layout"));
    expect(layout).toEqual({ imageLayoutVersion: "1.0.0" });
    const index: { manifests: [Descriptor] } = await read(folder.join("index.json"));
    const image: { config: Descriptor; layers: [Descriptor] } = await read(await fits(index.manifests[0]));
    await fits(image.layers[0]);
    // Of an archive that is not compressed, the digest is that of what is in it.
    const config = await read(await fits(image.config));
    expect(config.rootfs).toEqual({ type: "layers", diff_ids: [image.layers[0].digest] });
  });

  it("must give an image that docker loads, whose agent finds what it needs", async () => {
    await using engine = await startEngine();
    const docker = ["docker", "--host", engine.dockerHost] as const;
    await outputOf([...docker, "load", "--quiet", "--input", outputs["agent-image"]]);
    const name = `keelson-agent:${version}`;
    // As packaging/compose.yaml runs it.
    const limits = [
      "--init",
      "--read-only",
      "--tmpfs=/tmp",
      "--cap-drop=ALL",
      "--security-opt=no-new-privileges:true",
    ];
    const run = [...docker, "run", "--rm", "--network=host", ...limits] as const;
    expect(await outputOf([...run, name, "--version"])).toBe(`${version}\n`);

    const socket = `${engine.socketPath}:/var/run/docker.sock`;
    const doctor = [name, "doctor", "--json"] as const;
    const { stdout } = await runProgram([...run, "--volume", socket, "--entrypoint", "keelson", ...doctor]);
    const checks: { id: string; result: string }[] = JSON.parse(stdout);
    const found = Object.fromEntries(checks.map(({ id, result }) => [id, result]));
    expect(found).toMatchObject({ engine: "ok", compose: "ok", flock: "ok" });
    const programs = "git --version && ssh -V 2>&1";
    expect(await outputOf([...run, "--entrypoint", "sh", name, "-c", programs])).toMatch(
      /git version.*OpenSSH/s,
    );
  });

  it("must take no other archive of a package than the locked one", async () => {
    await using other = await makeNixStore();
    await other.addPackages();
    await using folder = await makeTempFolder("keelson-archive-");
    const name = "leven-4.1.0.tgz";
    const archive = await readFile(join(checkout, ".keelson/npm-archives", name));
    const addFixed = async () => other.nixStore("--add-fixed", "sha512", folder.join(name));
    await writeFile(folder.join(name), archive);
    const locked = await addFixed();
    await other.nix("store", "delete", locked);
    // The operating system of a gzip file, which nothing that unpacks it looks at.
    archive.writeUInt8(archive.readUInt8(9) ^ 1, 9);
    await writeFile(folder.join(name), archive);
    expect(await addFixed()).not.toBe(locked);
    const built = await other.run("build", "--no-link", ...withHostPackages, `${flake}#keelson`);
    expect(built).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(name) });
  });
});
