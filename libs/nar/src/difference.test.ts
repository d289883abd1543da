import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { dumpNar, findFirstDifference, readNar } from "./index.ts";
import {
  type TestTree,
  arbitraryFolder,
  bytesOf,
  file,
  folder,
  inPieces,
  link,
  nodesOf,
} from "./test-tree.ts";

const expected = folder({
  a: folder({ x: file("text"), y: link("x") }),
  "a-b": file("1"),
  bin: file("#!/bin/sh\n", true),
  c: folder({ d: folder({ e: file("end") }) }),
});

async function differ(wanted: TestTree, found: TestTree): Promise<string | null> {
  const difference = await findFirstDifference(nodesOf(wanted), nodesOf(found));
  return difference === null ? null : `${difference.how} ${difference.path}`;
}

function changed(change: Readonly<Record<string, TestTree>>, without = ""): TestTree {
  const entries = expected.kind === "folder" ? { ...expected.entries, ...change } : {};
  return folder(Object.fromEntries(Object.entries(entries).filter(([name]) => name !== without)));
}

describe("the first path at which trees differ", () => {
  it.each<[string, TestTree, string | null]>([
    ["nothing", expected, null],
    ["a content", changed({ bin: file("#!/bin/sH\n", true) }), "content bin"],
    ["a longer content", changed({ bin: file("#!/bin/sh\n\n", true) }), "content bin"],
    ["a mode", changed({ bin: file("#!/bin/sh\n") }), "executable bin"],
    ["a target", changed({ a: folder({ x: file("text"), y: link("z") }) }), "target a/y"],
    ["a kind", changed({ a: file("text") }), "kind a"],
    ["a link for its file", changed({ bin: link("a-b") }), "kind bin"],
    ["one that is gone", changed({}, "bin"), "missing bin"],
    ["the last one that is gone", changed({}, "c"), "missing c"],
    ["one inside that is gone", changed({ a: folder({ x: file("text") }) }), "missing a/y"],
    ["one that came", changed({ b: file() }), "extra b"],
    ["one that came last", changed({ z: file() }), "extra z"],
    [
      "one inside that came",
      changed({ a: folder({ x: file("text"), y: link("x"), z: file() }) }),
      "extra a/z",
    ],
    ["a folder that came before", changed({ A: folder({ b: file() }) }), "extra A"],
    ["a name", changed({ bim: file("#!/bin/sh\n", true) }, "bin"), "extra bim"],
    ["one deep inside", changed({ c: folder({ d: folder({ e: file("End") }) }) }), "content c/d/e"],
    ["an empty folder for a full one", changed({ c: folder({ d: folder() }) }), "missing c/d/e"],
    ["the root itself", file("text"), "kind ."],
  ])("must be found: %s", async (_, found, difference) => {
    expect(await differ(expected, found)).toBe(difference);
  });

  it("must be found in archives too, whatever their pieces", async () => {
    const large = (last: string) => folder({ a: file(`${"x".repeat(10_000)}${last}`), b: file("y") });
    const wanted = await bytesOf(dumpNar(nodesOf(large("1"))));
    const found = await bytesOf(dumpNar(nodesOf(large("2"))));
    const compare = (other: Buffer) =>
      findFirstDifference(readNar(inPieces(wanted, 4096)), readNar(inPieces(other, 1000)));
    expect(await compare(found)).toEqual({ path: "a", how: "content" });
    expect(await compare(wanted)).toBeNull();
  });

  it("must be none exactly where the archives are equal", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFolder, arbitraryFolder, async (a, b) => {
        const [one, other] = [await bytesOf(dumpNar(nodesOf(a))), await bytesOf(dumpNar(nodesOf(b)))];
        expect((await differ(a, b)) === null).toBe(one.equals(other));
        expect(await differ(a, a)).toBeNull();
      }),
    );
  });

  it("must show a name that is not UTF-8 by its bytes", async () => {
    const root = { kind: "folder", depth: 0, name: Buffer.alloc(0) } as const;
    const odd = {
      kind: "link",
      target: Buffer.from("x"),
      depth: 1,
      name: Buffer.from([0x61, 0xff, 0xfe]),
    } as const;
    expect(await findFirstDifference([root], [root, odd])).toEqual({ path: "a\\xff\\xfe", how: "extra" });
  });
});
