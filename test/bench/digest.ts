import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type NixStore, makeNixStore, makeTempFolder, nixProgram, outputOf } from "../support/index.ts";
import { keelsonBundle } from "./bench-platform.ts";
import { type Row, alternate, makeRow, timeMs } from "./measure.ts";

/** How soon the digest of a folder is there, beside Nix: of files of many sizes, and of many small files. */
export async function measureDigests({ runs, isQuick }: { runs: number; isQuick: boolean }): Promise<Row[]> {
  await using home = await makeTempFolder("keelson-bench-");
  await using store = await makeNixStore();
  const large = home.join("large");
  const many = home.join("many");
  await writeLarge(large, isQuick ? 10_000_000 : 1_000_000_000);
  await writeMany(many, isQuick ? 200 : 20_000);
  // Of a few files the start of the command is all that is measured.
  const limit = isQuick ? null : 1.3;
  return [
    await measureDigest({ name: "digest-large", folder: large, store, runs, limit }),
    await measureDigest({ name: "digest-many", folder: many, store, runs, limit }),
  ];
}

async function measureDigest({
  name,
  folder,
  store,
  runs,
  limit,
}: {
  name: string;
  folder: string;
  store: NixStore;
  runs: number;
  limit: number | null;
}): Promise<Row> {
  const ours = keelsonBundle("release", "digest", folder);
  const theirs: [string, ...string[]] = [nixProgram, "hash", "path", "--store", store.path, folder];
  // The first run of each brings the folder into memory, and shows that both say the same.
  const [digest, reference] = [await outputOf(ours), await outputOf(theirs)];
  if (digest !== reference) throw new Error(`${name}: ${digest.trim()} is not ${reference.trim()}`);
  const times = await alternate(runs, {
    keelson: async () => timeMs(async () => outputOf(ours)),
    reference: async () => timeMs(async () => outputOf(theirs)),
  });
  return makeRow({ case: name, services: null, ...times, unit: "ms", limit });
}

/** Files of 1 kB to 50 MB in twenty folders. */
async function writeLarge(folder: string, bytes: number): Promise<void> {
  const sizes = [1e3, 1e4, 1e5, 1e6, 1e7, 5e7];
  for (let left = bytes, index = 0; left > 0; index++) {
    const size = Math.min(left, sizes[index % sizes.length] ?? left);
    const below = join(folder, `folder-${index % 20}`);
    await mkdir(below, { recursive: true });
    await writeFile(join(below, `file-${index}`), Buffer.alloc(size, contentOf(index)));
    left -= size;
  }
}

/** Files of 32 B to 2 kB, a hundred in a folder. */
async function writeMany(folder: string, files: number): Promise<void> {
  for (let index = 0; index < files; index++) {
    const below = join(folder, `folder-${Math.floor(index / 100)}`);
    if (index % 100 === 0) await mkdir(below, { recursive: true });
    await writeFile(join(below, `file-${index}.yaml`), Buffer.alloc(32 + (index % 2000), contentOf(index)));
  }
}

function contentOf(index: number): Buffer {
  return createHash("sha256").update(String(index)).digest();
}
