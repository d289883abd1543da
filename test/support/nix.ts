import { cp, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";

import { type ProgramResult, checkout, outputOf, runProgram } from "./program.ts";
import { makeTempFolder } from "./temp-folder.ts";

/** A Nix store of its own, with all that Nix keeps elsewhere. */
export interface NixStore extends AsyncDisposable {
  /** What `--store` takes. */
  readonly path: string;
  /** Runs `nix` on it and returns what it prints. Throws unless the exit code is 0. */
  nix(args: readonly string[]): Promise<string>;
  /** Like `nix`, whatever the exit code. */
  run(args: readonly string[]): Promise<ProgramResult>;
  /**
   * Builds what a reference such as `path:/folder#name` names, with the programs of `script/setup` in place of nixpkgs, and
   * returns its `/nix/store/…` path.
   */
  build(reference: string, ...options: string[]): Promise<string>;
  /** Adds the npm packages that Keelson is made of, so that builds need no network. */
  addPackages(): Promise<void>;
  /** Where a `/nix/store/…` path of it lies on the disk. */
  placeOf(storePath: string): string;
}

/** The Nix that `script/setup --tests` fetches, or the machine's own. */
export const nixProgram = process.env["KEELSON_NIX"] ?? "nix";

/** Makes a flake build with the programs of `script/setup --tests` in place of nixpkgs. */
export const withHostPackages = [
  "--override-input",
  "nixpkgs",
  `path:${join(checkout, ".keelson/nix/packages")}`,
] as const;

const buildTimeoutMs = 300_000;

export interface NixStoreOptions {
  /** Environment variables that Nix gets besides the caller's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of Nix and its builds; the caller's own unless told. */
  readonly umask?: string;
}

/** Makes an empty store; disposing it removes it. */
export async function makeNixStore({ env: added, umask }: NixStoreOptions = {}): Promise<NixStore> {
  const folder = await makeTempFolder("keelson-nix-");
  const home = folder.join("home");
  const temporary = folder.join("t");
  await Promise.all([mkdir(home), mkdir(temporary)]);
  const store = folder.join("store");
  const kept = { HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, TMPDIR: temporary };
  const env = { ...process.env, ...kept, ...added };
  const masked = umask === undefined ? [] : (["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] as const);
  const run: NixStore["run"] = async (args) => {
    const [program = nixProgram, ...rest] = [...masked, nixProgram, "--store", store, ...args];
    return runProgram([program, ...rest], { env, timeoutMs: buildTimeoutMs });
  };
  const nix: NixStore["nix"] = async (args) => {
    const { exitCode, stdout, stderr } = await run(args);
    if (exitCode !== 0) throw new Error(`nix ${args.join(" ")} exited ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  };
  return {
    path: store,
    run,
    nix,
    build: async (reference, ...options) => {
      const args = ["build", "--no-link", "--print-out-paths", ...withHostPackages, ...options, reference];
      return (await nix(args)).trim();
    },
    addPackages: async () => {
      await outputOf([join(checkout, "script/nix-add-packages"), "--store", store], { env });
    },
    placeOf: (storePath) => join(store, storePath),
    [Symbol.asyncDispose]: async () => {
      // Folders of a store are read-only.
      await outputOf(["chmod", "-R", "u+w", folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Of a file or folder, `sha256-…`. */
export async function hashPath(path: string): Promise<string> {
  return (await outputOf([nixProgram, "hash", "path", path])).trim();
}

/** This machine, as Nix calls it. */
export const nixSystem = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

const notInGit = new Set([".git", ".keelson", ".vitest", "dist", "node_modules"]);

/** Copies what Git has of the checkout, as it is in the work tree, into a new folder. */
export async function copyCheckout(folder: string): Promise<void> {
  const filter = (path: string) => !notInGit.has(basename(path)) && !path.endsWith(".tsbuildinfo");
  await cp(checkout, folder, { recursive: true, verbatimSymlinks: true, filter });
}
