import { chmod, readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

import { outputOf } from "./program.ts";
import { makeTempFolder } from "./temp-folder.ts";

/** The program `nix`: that of `script/setup --tests`, or the machine's own. */
export const nixProgram = process.env["KEELSON_NIX"] ?? "nix";

/** A Nix with a store of its own, which needs no network and leaves nothing behind. */
export interface NixStore extends AsyncDisposable {
  /** The folder of the store; what is built is in `nix/store` below it. */
  readonly path: string;
  /** Runs `nix` and returns what it prints, without the last line end; throws when it fails. */
  nix(...args: string[]): Promise<string>;
  /** What `nix-store --dump` writes for a path. */
  dump(path: string): Promise<Uint8Array>;
}

export async function makeNixStore(): Promise<NixStore> {
  const folder = await makeTempFolder("keelson-nix-");
  const store = folder.join("store");
  const env = { ...process.env, HOME: folder.join("home"), NIX_REMOTE: store };
  // A command of many names, which all lie beside it.
  const nixStore = nixProgram.includes("/") ? join(dirname(nixProgram), "nix-store") : "nix-store";
  return {
    path: store,
    nix: async (...args) => (await outputOf([nixProgram, ...args], { env })).replace(/\n$/, ""),
    dump: async (path) => {
      const file = folder.join("archive");
      await outputOf(["sh", "-c", 'exec "$0" --dump "$1" >"$2"', nixStore, path, file], { env });
      return await readFile(file);
    },
    [Symbol.asyncDispose]: async () => {
      await makeWritable(folder.path);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Nix makes the folders of its store read-only, and nobody but root can empty such a folder. */
async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
