import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

import { type TempFolder, makeTempFolder } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Difference, dumpNar, findFirstDifference, narDigest, readNar } from "../../nar/src/index.ts";
import { bytesOf, file, folder, link, writeTree } from "../../nar/src/test-tree.ts";
import { walkFolder } from "./folder-walk.ts";

const tree = folder({
  a: folder({ b: file("one"), c: file("two\0\n", true) }),
  "a-b": file("three"),
  "a.b": folder({ c: folder({ d: file("four") }) }),
  large: file(Buffer.alloc(600_000, "five")),
  run: file("#!/bin/sh\n", true),
  "\uff61": file("six"),
  "😀": folder({ "e\u0301": file("seven"), é: file("eight", true) }),
  z: file("nine"),
  link: link("a/b"),
  zlink: link("z"),
});
/** In the order of an archive. */
const files = ["a/b", "a/c", "a-b", "a.b/c/d", "large", "run", "z", "\uff61", "😀/e\u0301", "😀/é"];

let home: TempFolder;
let archive: Buffer;
beforeAll(async () => {
  home = await makeTempFolder();
  await writeTree(tree, home.join("release"));
  archive = await bytesOf(dumpNar(walkFolder(home.join("release"))));
});
afterAll(async () => home[Symbol.asyncDispose]());

/** Changes the file at `path` below `root`; returns what is then found first. */
type Tampering = (root: string, path: string) => Difference;

const byOrder = (a: string, b: string) => Buffer.compare(orderOf(a), orderOf(b));
const orderOf = (path: string) => Buffer.from(path.replaceAll("/", "\0"));

const tamperings: Record<string, Tampering> = {
  "a byte": (root, path) => {
    const bytes = readFileSync(`${root}/${path}`);
    bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
    writeFileSync(`${root}/${path}`, bytes);
    return { path, how: "content" };
  },
  "one byte more": (root, path) => {
    appendFileSync(`${root}/${path}`, "\0");
    return { path, how: "content" };
  },
  "the end cut off": (root, path) => {
    truncateSync(`${root}/${path}`, 1);
    return { path, how: "content" };
  },
  "all cut off": (root, path) => {
    truncateSync(`${root}/${path}`, 0);
    return { path, how: "content" };
  },
  "a bit of the mode": (root, path) => {
    const isExecutable = ["a/c", "run", "😀/é"].includes(path);
    chmodSync(`${root}/${path}`, isExecutable ? 0o644 : 0o755);
    return { path, how: "executable" };
  },
  "a later name": (root, path) => {
    renameSync(`${root}/${path}`, `${root}/${path}~`);
    return { path, how: "missing" };
  },
  "an earlier name": (root, path) => {
    const earlier = `${dirname(path) === "." ? "" : `${dirname(path)}/`}!`;
    renameSync(`${root}/${path}`, `${root}/${earlier}`);
    return { path: earlier, how: "extra" };
  },
  "a file that came": (root, path) => {
    writeFileSync(`${root}/${path}+`, "");
    return { path: `${path}+`, how: "extra" };
  },
  "a folder that came": (root, path) => {
    mkdirSync(`${root}/${path}+/inside`, { recursive: true });
    return { path: `${path}+`, how: "extra" };
  },
  "one that is gone": (root, path) => {
    rmSync(`${root}/${path}`);
    return { path, how: "missing" };
  },
  "a link in its place": (root, path) => {
    rmSync(`${root}/${path}`);
    symlinkSync("link", `${root}/${path}`);
    return { path, how: "kind" };
  },
  "a folder in its place": (root, path) => {
    rmSync(`${root}/${path}`);
    mkdirSync(`${root}/${path}`);
    return { path, how: "kind" };
  },
  "another one's content": (root, path) => {
    const other = files[(files.indexOf(path) + 3) % files.length] ?? "";
    const swapped = readFileSync(`${root}/${path}`);
    writeFileSync(`${root}/${path}`, readFileSync(`${root}/${other}`));
    writeFileSync(`${root}/${other}`, swapped);
    return { path: [path, other].sort(byOrder)[0] ?? "", how: "content" };
  },
  "a link that leads elsewhere": (root, path) => {
    rmSync(`${root}/zlink`);
    symlinkSync(`./${path}`, `${root}/zlink`);
    return { path: "zlink", how: "target" };
  },
};

describe("a folder that was tampered with", () => {
  it("is not one that was not", async () => {
    expect(await findFirstDifference(readNar([archive]), walkFolder(home.join("release")))).toBeNull();
  });

  const cases = Object.keys(tamperings).flatMap((kind) => files.map((path) => ({ kind, path })));
  it.each(cases)(
    "has another digest and is known by its first path: $kind at $path",
    async ({ kind, path }) => {
      const root = home.join("tampered");
      cpSync(home.join("release"), root, { recursive: true, verbatimSymlinks: true });
      try {
        const first = tamperings[kind]?.(root, path);
        expect(await narDigest(walkFolder(root))).not.toBe(await narDigest(readNar([archive])));
        expect(await findFirstDifference(readNar([archive]), walkFolder(root))).toEqual(first);
        const packed = await bytesOf(dumpNar(walkFolder(root)));
        expect(await findFirstDifference(readNar([archive]), readNar([packed]))).toEqual(first);
      } finally {
        rmSync(root, { recursive: true });
      }
    },
  );
});
