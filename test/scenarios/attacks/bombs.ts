import { createHash } from "node:crypto";
import { open, truncate } from "node:fs/promises";
import { join } from "node:path";

import { makeDelta, makePack, oidOf } from "../../../libs/git/src/test-pack.ts";
import { gitEnvironment } from "../../support/git-repository.ts";
import { outputOf } from "../../support/index.ts";
import type { GitObjects } from "../../support/index.ts";

export interface Ground {
  objects: GitObjects;
  /** The repository. */
  gitDir: string;
  /** For large files. */
  folder: string;
  /** What a file is called that would be read. */
  name: string;
  message: string;
  parent?: string;
}

export interface Bomb {
  what: string;
  /** Makes a commit that costs its reader dearly. */
  make: (ground: Ground) => Promise<string>;
}

/** A few kilobytes or megabytes each, as they are sent. */
export const bombs: Bomb[] = [
  {
    what: "512 MB of zeros",
    make: async ({ objects, folder, ...target }) => {
      const path = join(folder, "zeros");
      await (await open(path, "w")).close();
      await truncate(path, 512 * 1024 ** 2);
      return await commitFile(objects, { ...target, blob: await objects.blobOf(path) });
    },
  },
  {
    what: "300 MB that deltas make of each other",
    make: async ({ objects, gitDir, ...target }) => {
      const base = Buffer.alloc(30 * 1024 * 1024);
      const half = base.length / 2;
      const links = Array.from({ length: 10 }, (_, index) => index);
      const deltas = links.map((index) => ({
        base: { index },
        delta: makeDelta({ base: base.length + index, result: base.length + index + 1 }, [
          { start: 0, bytes: half },
          { start: half, bytes: half + index },
          Buffer.from("x"),
        ]),
      }));
      const pack = makePack([{ type: "blob", content: base }, ...deltas]);
      const env = gitEnvironment();
      await outputOf(["git", "--git-dir", gitDir, "index-pack", "--stdin"], { env, input: pack });
      // One that is not asked for would not be sent, nor what is made from it as a delta.
      const names = links.map((index) => oidOf("blob", Buffer.concat([base, Buffer.alloc(index + 1, "x")])));
      const files = Object.fromEntries(names.map((oid, index) => [`${index}`, oid]));
      const tree = await objects.tree({ ...files, [target.name]: oidOf("blob", base) });
      return await objects.commit({ ...target, tree });
    },
  },
  {
    what: "a commit message of 100 MB",
    make: async ({ objects, ...target }) => {
      const blob = await objects.blob("{}");
      const message = `${target.message}\n${"x".repeat(100_000_000)}\n`;
      return await commitFile(objects, { ...target, message, blob });
    },
  },
  {
    what: "a folder of 300,000 files",
    make: async ({ objects, ...target }) => {
      const blob = await objects.blob("{}");
      const ids = Array.from({ length: 300_000 }, (_, index) => [
        createHash("sha1").update(`${index}`).digest("hex"),
        blob,
      ]);
      return await objects.commit({
        ...target,
        tree: await objects.tree({ ...Object.fromEntries(ids), [target.name]: blob }),
      });
    },
  },
];

async function commitFile(
  objects: GitObjects,
  target: { name: string; blob: string; message: string; parent?: string },
): Promise<string> {
  return await objects.commit({ ...target, tree: await objects.tree({ [target.name]: target.blob }) });
}
