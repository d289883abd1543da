import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Chunks, dumpNar, readNar } from "./index.ts";
import { arbitraryFolder, bytesOf, file, folder, inPieces, link, nodesOf } from "./test-tree.ts";

/** Text or bytes as a string of an archive; a number as a length without a string. */
function strings(...parts: readonly (string | Uint8Array | bigint)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      const bytes = typeof part === "bigint" ? Buffer.alloc(0) : Buffer.from(part);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(typeof part === "bigint" ? part : BigInt(bytes.length));
      return Buffer.concat([length, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
    }),
  );
}

const magic = "nix-archive-1";
const empty = ["(", "type", "regular", "contents", "", ")"];

function entry(name: string | Uint8Array | bigint, ...node: readonly (string | bigint)[]) {
  return ["entry", "(", "name", name, "node", ...node, ")"];
}

function folderOf(...entries: readonly (readonly (string | Uint8Array | bigint)[])[]): Buffer {
  return strings(magic, "(", "type", "directory", ...entries.flat(), ")");
}

/** What the reader says of it after reading all of it, contents included. */
async function faultOf(archive: Chunks): Promise<string | null> {
  try {
    await bytesOf(dumpNar(readNar(archive)));
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error
      ? `${String(error.code)} ${error.message}`
      : `threw ${String(error)}`;
  }
}

describe("a tree that is read from an archive", () => {
  it("must have the same archive, whatever the pieces in which it comes", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFolder, fc.integer({ min: 1, max: 300 }), async (tree, size) => {
        const archive = await bytesOf(dumpNar(nodesOf(tree)));
        expect(await bytesOf(dumpNar(readNar(inPieces(archive, size))))).toEqual(archive);
      }),
    );
  });

  it.each([
    ["a file", file("text", true)],
    ["a link", link("elsewhere")],
    ["an empty folder", folder()],
  ])("may be %s", async (_, tree) => {
    const archive = await bytesOf(dumpNar(nodesOf(tree)));
    expect(await bytesOf(dumpNar(readNar([archive])))).toEqual(archive);
  });

  it("must come whole where contents are passed over", async () => {
    const tree = folder({ a: file(Buffer.alloc(5_000, 1)), b: folder({ c: file("x") }), d: file("y") });
    const archive = await bytesOf(dumpNar(nodesOf(tree)));
    for (const size of [7, 4096, 10_000]) {
      const names: string[] = [];
      for await (const { name } of readNar(inPieces(archive, size))) names.push(Buffer.from(name).toString());
      expect(names).toEqual(["", "a", "b", "c", "d"]);
    }
  });

  it("must close what it reads from, also when nobody reads on", async () => {
    let isClosed = false;
    const archive = await bytesOf(dumpNar(nodesOf(folder({ a: file(Buffer.alloc(5_000)) }))));
    const source = function* () {
      try {
        yield* inPieces(archive, 100);
      } finally {
        isClosed = true;
      }
    };
    for await (const _ of readNar(source())) break;
    expect(isClosed).toBe(true);
  });
});

describe("what is no archive", () => {
  const huge = 2n ** 62n;
  const cases: [string, Buffer, string][] = [
    ["nothing", Buffer.alloc(0), "the beginning of a Nix archive is missing"],
    [
      "another file",
      Buffer.from("PK\u0003\u0004 and so on, for long enough"),
      "the beginning of a Nix archive is missing",
    ],
    ["a newer format", strings("nix-archive-2", ...empty), "the beginning of a Nix archive is missing"],
    ["no node", strings(magic), "a file, a link or a folder is missing"],
    [
      "a node of another kind",
      strings(magic, "(", "type", "device", ")"),
      "a file, a link or a folder is missing",
    ],
    [
      "a file without a content",
      strings(magic, "(", "type", "regular", ")"),
      "the content of a file is missing",
    ],
    [
      "a file with two contents",
      strings(magic, ...empty.slice(0, -1), "contents", "", ")"),
      "the end of a file",
    ],
    [
      "a mark in another place",
      strings(magic, ...empty.slice(0, -1), "executable", "", ")"),
      "the end of a file",
    ],
    [
      "a mark with a text",
      strings(magic, "(", "type", "regular", "executable", "x", "contents", "", ")"),
      "the content of a file",
    ],
    [
      "a file of 4 EiB",
      strings(magic, "(", "type", "regular", "contents", huge),
      "a size is larger than any file",
    ],
    [
      "a file of 1 PiB",
      strings(magic, "(", "type", "regular", "contents", 2n ** 50n),
      "the archive ends early",
    ],
    [
      "a target of 4 EiB",
      strings(magic, "(", "type", "symlink", "target", huge),
      "a size is larger than any file",
    ],
    [
      "a target of 1 GiB",
      strings(magic, "(", "type", "symlink", "target", 2n ** 30n),
      "the target of a link has more than 4096 bytes",
    ],
    [
      "an empty target",
      strings(magic, "(", "type", "symlink", "target", "", ")"),
      "the target of a link is none",
    ],
    [
      "a target with a zero",
      strings(magic, "(", "type", "symlink", "target", "a\0b", ")"),
      "the target of a link is none",
    ],
    ["a name of 4 EiB", folderOf(entry(huge)), "a size is larger than any file"],
    ["a name of 1 GiB", folderOf(entry(2n ** 30n)), "a name has more than 255 bytes"],
    ["a name of 256 bytes", folderOf(entry("n".repeat(256), ...empty)), "a name has more than 255 bytes"],
    ["an empty name", folderOf(entry("", ...empty)), '"" is no name'],
    ["a name with a slash", folderOf(entry("a/b", ...empty)), '"a/b" is no name'],
    ["a name that climbs", folderOf(entry("..", ...empty)), '".." is no name'],
    ["the folder's own name", folderOf(entry(".", ...empty)), '"." is no name'],
    ["a name with a zero", folderOf(entry("a\0b", ...empty)), '"a\\u0000b" is no name'],
    ["a name twice", folderOf(entry("a", ...empty), entry("a", ...empty)), '"a" stands there twice'],
    ["another order", folderOf(entry("b", ...empty), entry("a", ...empty)), '"a" stands after "b"'],
    [
      "the order of UTF-16",
      folderOf(entry("😀", ...empty), entry("\uff61", ...empty)),
      '"\uff61" stands after "😀"',
    ],
    [
      "the order of Git",
      folderOf(entry("a-b", ...empty), entry("a", "(", "type", "directory", ")")),
      '"a" stands after "a-b"',
    ],
    ["an entry without a node", folderOf(["entry", "(", "name", "a", ")"]), "what an entry holds is missing"],
    [
      "an entry without an end",
      folderOf(["entry", "(", "name", "a", "node", ...empty, "entry"]),
      "the end of an entry is missing",
    ],
    [
      "something after the end",
      Buffer.concat([folderOf(), Buffer.alloc(1)]),
      "something follows the end of the tree",
    ],
    ["a second archive", Buffer.concat([folderOf(), folderOf()]), "something follows the end of the tree"],
  ];

  it.each(cases)("is refused: %s", async (_, archive, message) => {
    for (const size of [1, 9, 100_000])
      expect(await faultOf(inPieces(archive, size))).toContain(`K9083 ${message}`);
  });

  it("is an archive that ends anywhere but at its end", async () => {
    const tree = folder({
      a: file("text", true),
      b: folder({ c: link("a"), d: folder() }),
      e: file("12345678"),
    });
    const archive = await bytesOf(dumpNar(nodesOf(tree)));
    expect(await faultOf([archive])).toBeNull();
    for (let length = 0; length < archive.length; length++) {
      for (const size of [13, 100_000])
        expect(await faultOf(inPieces(archive.subarray(0, length), size))).toMatch(/^K9083 /);
    }
  });

  it("is one with any bit of its padding set", async () => {
    const archive = await bytesOf(dumpNar(nodesOf(folder({ a: file("text"), b: link("a") }))));
    let padding = 0;
    for (let at = 24; at < archive.length;) {
      const length = Number(archive.readBigUInt64LE(at));
      const end = at + 8 + length;
      at = end + ((8 - (length % 8)) % 8);
      for (let each = end; each < at; each++) {
        const changed = Buffer.from(archive);
        changed[each] = 0x80;
        expect(await faultOf([changed])).toMatch(/^K9083 /);
        padding++;
      }
    }
    expect(padding).toBeGreaterThan(50);
  });

  it("is one that is deeper than any disk takes, and costs no stack", async () => {
    const deep = (depth: number) => {
      const open = strings("entry", "(", "name", "n", "node", "(", "type", "directory");
      const close = strings(")", ")");
      const root = strings(magic, "(", "type", "directory");
      return Buffer.concat([root, ...Array(depth).fill(open), ...Array(depth).fill(close), strings(")")]);
    };
    expect(await faultOf([deep(2_000)])).toBeNull();
    expect(await faultOf([deep(100_000)])).toMatch(/^K9083 a path has more than 4096 bytes/);
  });

  it("is never more than refused, whatever the bytes", async () => {
    const archive = await bytesOf(
      dumpNar(nodesOf(folder({ a: file("text", true), b: folder({ c: link("a") }) }))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(archive.length - 1),
        fc.uint8Array({ maxLength: 24 }),
        fc.nat(24),
        async (at, put, cut) => {
          const changed = Buffer.concat([archive.subarray(0, at), put, archive.subarray(at + cut)]);
          const fault = await faultOf([changed]);
          expect(fault === null || fault.startsWith("K9083 ")).toBe(true);
          // What is taken is the archive of its tree.
          const again = fault === null ? await bytesOf(dumpNar(readNar([changed]))) : changed;
          expect(again).toEqual(changed);
        },
      ),
      { numRuns: 500 },
    );
  });
});
