import { chmod, cp, mkdir, readFile, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { type ProgramResult, checkout, outputOf, runProgram } from "./program.ts";
import { makeTempFolder } from "./temp-folder.ts";

/** The program `nix`: that of `script/setup --tests`, or the machine's own. */
export const nixProgram = process.env["KEELSON_NIX"] ?? "nix";

/** This machine, as Nix calls it. */
export const nixSystem = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

/** Makes a flake build with the programs of `script/setup --tests` in place of nixpkgs. */
export const withHostPackages = [
  "--override-input",
  "nixpkgs",
  `path:${join(checkout, ".keelson/nix/packages")}`,
] as const;

/** A Nix with a store of its own, which needs no network and leaves nothing behind. */
export interface NixStore extends AsyncDisposable {
  /** The folder of the store; what is built is in `nix/store` below it. */
  readonly path: string;
  /** Runs `nix` and returns what it prints, without the last line end; throws when it fails. */
  nix(...args: string[]): Promise<string>;
  /** Runs `nix` to its end, whatever its exit code. */
  run(...args: string[]): Promise<ProgramResult>;
  /** Runs `nix-store`, which can do what `nix` cannot, as `nix` does. */
  nixStore(...args: string[]): Promise<string>;
  /** What `nix-store --dump` writes for a path. */
  dump(path: string): Promise<Uint8Array>;
  /** Builds what a reference such as `path:/folder#name` names; returns where it lies on the disk. */
  build(reference: string, ...options: string[]): Promise<string>;
  /** Adds the npm packages that Keelson is made of. */
  addPackages(): Promise<void>;
}

export interface NixStoreOptions {
  /** Environment variables that Nix gets besides the caller's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of Nix and what it starts; the caller's own unless told. */
  readonly umask?: string;
}

const buildTimeoutMs = 300_000;

export async function makeNixStore({ env: added, umask }: NixStoreOptions = {}): Promise<NixStore> {
  const folder = await makeTempFolder("keelson-nix-");
  const store = folder.join("store");
  const home = folder.join("home");
  // Nix keeps more than its store: caches, and the folders of builds that run.
  const own = { HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, TMPDIR: home, NIX_REMOTE: store };
  await mkdir(home);
  const options = { env: { ...process.env, ...own, ...added }, timeoutMs: buildTimeoutMs };
  const masked = ["sh", "-c", umask === undefined ? 'exec "$@"' : `umask ${umask}; exec "$@"`, "sh"] as const;
  // A command of many names, which all lie beside it.
  const nixStore = nixProgram.includes("/") ? join(dirname(nixProgram), "nix-store") : "nix-store";
  const said = async (...command: string[]) =>
    (await outputOf([...masked, ...command], options)).replace(/\n$/, "");
  return {
    path: store,
    nix: async (...args) => said(nixProgram, ...args),
    run: async (...args) => runProgram([...masked, nixProgram, ...args], options),
    nixStore: async (...args) => said(nixStore, ...args),
    dump: async (path) => {
      const file = folder.join("archive");
      await outputOf(["sh", "-c", 'exec "$0" --dump "$1" >"$2"', nixStore, path, file], options);
      return await readFile(file);
    },
    build: async (reference, ...more) =>
      `${store}${await said(nixProgram, "build", "--no-link", "--print-out-paths", ...more, reference)}`,
    addPackages: async () => {
      // npm has its settings in the caller's home.
      const env = { ...options.env, HOME: process.env["HOME"] };
      await outputOf([join(checkout, "script/nix-add-packages")], { ...options, env });
    },
    [Symbol.asyncDispose]: async () => {
      await makeWritable(folder.path);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Of a file or folder, `sha256-…`. */
export async function hashPath(path: string): Promise<string> {
  return (await outputOf([nixProgram, "hash", "path", path])).trim();
}

const notInGit = new Set([".git", ".keelson", ".vitest", "dist", "node_modules"]);

/** Copies what Git has of the checkout, as it is in the work tree, into a new folder. */
export async function copyCheckout(folder: string): Promise<void> {
  const filter = (path: string) => !notInGit.has(basename(path)) && !path.endsWith(".tsbuildinfo");
  await cp(checkout, folder, { recursive: true, verbatimSymlinks: true, filter });
}

/** Nix makes the folders of its store read-only, and nobody but root can empty such a folder. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
