import { deflateSync } from "node:zlib";

import { array, assert, asyncProperty, integer, nat } from "fast-check";
import { describe, expect, it } from "vitest";

import { packFailures } from "./pack-failure.ts";
import { PackIndexer } from "./pack-indexer.ts";
import { sourceLimits } from "./pack-limits.ts";
import type { PackLimits } from "./pack-limits.ts";
import { PackScanner } from "./pack-scanner.ts";
import type { PackEntry } from "./pack-scanner.ts";
import { makeDelta, makePack, oidOf } from "./test-pack.ts";

/** The ids in a pack that comes in pieces; what was inflated is kept in the place of a disk. */
async function namesOf(
  pack: Buffer,
  scan: { limits?: Partial<PackLimits>; pieces?: readonly number[] } = {},
) {
  const limits = { ...sourceLimits, ...scan.limits };
  const failures = packFailures("the server");
  const kept = new Map<number, Buffer>();
  const breathe = async () => {};
  const read = ({ offset }: PackEntry) => kept.get(offset) ?? Buffer.alloc(0);
  const indexer = new PackIndexer({ limits, failures, read, breathe });
  const take = (entry: PackEntry, inflated: Buffer) => {
    kept.set(entry.offset, inflated);
    indexer.take(entry, inflated);
  };
  const scanner = new PackScanner({ limits, failures, take, breathe });
  let offset = 0;
  for (const piece of scan.pieces ?? []) {
    await scanner.push(pack.subarray(offset, offset + piece));
    offset += piece;
  }
  if (offset < pack.length) await scanner.push(pack.subarray(offset));
  const checksum = await scanner.end();
  return { checksum, objects: (await indexer.finish()).map(({ oid }) => oid) };
}

const blob = (content: Buffer | string) => ({ type: "blob", content: Buffer.from(content) }) as const;
const zeros = (bytes: number) => Buffer.alloc(bytes);
const damaged = { code: "K2009", name: "DamageError" };

const base = Buffer.from("the quick brown fox");
const longer = Buffer.concat([base, base]);
const twice = makeDelta({ base: base.length, result: longer.length }, [
  { start: 0, bytes: base.length },
  { start: 0, bytes: base.length },
]);
const again = makeDelta({ base: longer.length, result: longer.length + 1 }, [
  { start: 0, bytes: longer.length },
  Buffer.from("!"),
]);
const last = Buffer.concat([longer, Buffer.from("!")]);

const good = makePack([
  blob(""),
  { type: "commit", content: Buffer.from("tree x\n") },
  blob(base),
  { base: { index: 2 }, delta: twice },
  // Before its base.
  { base: { oid: oidOf("blob", longer) }, delta: again },
  blob(zeros(100_000)),
  { type: "tag", content: Buffer.from("object x\n") },
]);
const names = [
  oidOf("blob", Buffer.alloc(0)),
  oidOf("commit", Buffer.from("tree x\n")),
  oidOf("blob", base),
  oidOf("blob", longer),
  oidOf("blob", last),
  oidOf("blob", zeros(100_000)),
  oidOf("tag", Buffer.from("object x\n")),
].sort();

describe("a pack", () => {
  it("is the same in whatever pieces it comes", async () => {
    await assert(
      asyncProperty(array(integer({ min: 0, max: 60 })), async (pieces) => {
        const found = await namesOf(good, { pieces });
        expect(found.objects.sort()).toEqual(names);
        expect(found.checksum).toEqual(good.subarray(-20));
      }),
    );
    expect((await namesOf(good, { pieces: Array.from(good, () => 1) })).objects.sort()).toEqual(names);
  });

  it("is refused the same, wherever it is cut off and whichever byte is another", async () => {
    await assert(
      asyncProperty(
        nat(good.length - 2),
        integer({ min: 1, max: 255 }),
        array(nat(60)),
        async (at, change, pieces) => {
          await expect(namesOf(good.subarray(0, at + 1), { pieces })).rejects.toMatchObject(damaged);
          const other = Buffer.from(good);
          other[at] = (other[at] ?? 0) ^ change;
          // A header may have become that of a bomb.
          await expect(namesOf(other, { pieces })).rejects.toMatchObject({
            code: expect.stringMatching(/^K20(?:09|17)$/),
          });
        },
      ),
    );
  });

  it("is refused with a larger count than it has, whatever its checksum looks like", async () => {
    await expect(namesOf(makePack([blob("a")], { count: 2 }))).rejects.toMatchObject({
      code: expect.stringMatching(/^K20(?:09|17)$/),
    });
  });

  it("may be empty, and nothing at all is none", async () => {
    expect(await namesOf(makePack([]))).toEqual({ checksum: null, objects: [] });
    expect(await namesOf(Buffer.alloc(0))).toEqual({ checksum: null, objects: [] });
  });

  it("has one object once that is in it twice", async () => {
    expect((await namesOf(makePack([blob("a"), blob("a")]))).objects).toEqual([
      oidOf("blob", Buffer.from("a")),
    ]);
  });

  const tiny: Partial<PackLimits> = {
    objects: 4,
    objectBytes: { commit: 10, tree: 20, blob: 100, tag: 10 },
    chainBytes: 150,
    totalBytes: 300,
  };
  const grow = (from: number, to: number) =>
    makeDelta({ base: from, result: to }, [{ start: 0, bytes: from }, Buffer.alloc(to - from, "x")]);

  it.each<[string, Buffer]>([
    ["a blob of the largest size", makePack([blob(zeros(100))])],
    ["a delta that makes one", makePack([blob(zeros(50)), { base: { index: 0 }, delta: grow(50, 100) }])],
    ["as many objects as may be", makePack([1, 2, 3, 4].map((size) => blob(zeros(size))))],
    ["as many bytes as may be", makePack([1, 2, 3].map((fill) => blob(Buffer.alloc(100, fill))))],
  ])("is taken with %s", async (_, pack) => {
    expect((await namesOf(pack, { limits: tiny })).objects.length).toBeGreaterThan(0);
  });

  it.each<[string, Buffer, string]>([
    ["a blob that is too large", makePack([blob(zeros(101))]), "a blob of 101 bytes"],
    ["a commit that is", makePack([{ type: "commit", content: zeros(11) }]), "a commit of 11 bytes"],
    ["a tree that is", makePack([{ type: "tree", content: zeros(21) }]), "a tree of 21 bytes"],
    ["a tag that is", makePack([{ type: "tag", content: zeros(11) }]), "a tag of 11 bytes"],
    [
      "a delta that is",
      makePack([blob("a"), { base: { index: 0 }, delta: zeros(101) }]),
      "a delta of 101 bytes",
    ],
    ["a size of 16 EiB", makePack([{ ...blob("a"), sizeBytes: 2 ** 64 }]), "and at most 100 are accepted"],
    [
      "a delta that would make what is too large",
      makePack([blob(zeros(50)), { base: { index: 0 }, delta: grow(50, 101) }]),
      "a blob of 101 bytes",
    ],
    [
      "a delta that would make a commit that is",
      makePack([
        { type: "commit", content: zeros(10) },
        { base: { index: 0 }, delta: grow(10, 11) },
      ]),
      "a commit of 11 bytes",
    ],
    [
      "a chain of deltas that multiplies",
      makePack([
        blob(zeros(10)),
        { base: { index: 0 }, delta: grow(10, 70) },
        { base: { index: 1 }, delta: grow(70, 71) },
      ]),
      "made from more than 150 bytes",
    ],
    ["too many objects", makePack([1, 2, 3, 4, 5].map((size) => blob(zeros(size)))), "5 objects"],
    ["a count of 4 billion", makePack([], { count: 2 ** 32 - 1 }), "4294967295 objects"],
    ["too many bytes in all", makePack([1, 2, 3, 4].map((fill) => blob(Buffer.alloc(76, fill)))), "in all"],
    [
      "deltas that make too many",
      makePack([
        blob(zeros(90)),
        ...[91, 92, 93].map((size) => ({ base: { index: 0 }, delta: grow(90, size) })),
      ]),
      "in all",
    ],
  ])("is refused with %s", async (_, pack, what) => {
    await expect(namesOf(pack, { limits: tiny })).rejects.toMatchObject({
      code: "K2017",
      outcome: { kind: "stalled" },
      message: expect.stringContaining(what),
    });
  });

  it("is refused when it is larger than it may be, as it comes", async () => {
    const limits = { packBytes: good.length - 1 };
    await expect(namesOf(good, { limits })).rejects.toMatchObject({ code: "K2017" });
    expect((await namesOf(good, { limits: { packBytes: good.length } })).objects).toHaveLength(7);
  });

  it.each<[string, Buffer]>([
    ["more after its end", Buffer.concat([good, Buffer.from("x")])],
    ["another pack after its end", Buffer.concat([good, good])],
    ["a smaller count than it has", makePack([blob("a"), blob("b")], { count: 1 })],
    ["a wrong checksum", makePack([blob("a")], { checksum: zeros(20) })],
    ["another version", Buffer.from(good).fill(3, 7, 8)],
    ["an object that is larger than it says", makePack([{ ...blob(zeros(1_000_000)), sizeBytes: 10 }])],
    ["an object that is larger than nothing", makePack([{ ...blob("aa"), sizeBytes: 0 }])],
    ["an object that is smaller than it says", makePack([{ ...blob("a"), sizeBytes: 10 }])],
    ["an object that is not compressed", makePack([{ ...blob("a"), compressed: Buffer.from("aaaaaaaa") }])],
    ["an object of empty blocks", makePack([{ ...blob("a"), compressed: emptyBlocks(100_000) }])],
    ["a delta on itself", makePack([blob("a"), { base: { back: 0 }, delta: twice }])],
    ["a delta on what is before the pack", makePack([blob("a"), { base: { back: 10_000 }, delta: twice }])],
    ["a delta on the middle of an object", makePack([blob(base), { base: { back: 1 }, delta: twice }])],
    ["a delta on what it does not have", makePack([{ base: { oid: "1".repeat(40) }, delta: twice }])],
    [
      "two deltas on each other",
      makePack([
        { base: { oid: oidOf("blob", longer) }, delta: twice },
        { base: { oid: oidOf("blob", base) }, delta: twice },
      ]),
    ],
    ["a delta on another size", makePack([blob("other"), { base: { index: 0 }, delta: twice }])],
    ["a delta without sizes", makePack([blob(base), { base: { index: 0 }, delta: Buffer.from([0x80]) }])],
    [
      "a delta that copies from behind its base",
      makePack([
        blob("ab"),
        { base: { index: 0 }, delta: makeDelta({ base: 2, result: 2 }, [{ start: 1, bytes: 2 }]) },
      ]),
    ],
    [
      "a delta that makes more than it says",
      makePack([
        blob("ab"),
        { base: { index: 0 }, delta: makeDelta({ base: 2, result: 1 }, [{ start: 0, bytes: 2 }]) },
      ]),
    ],
    [
      "a delta that makes less than it says",
      makePack([
        blob("ab"),
        { base: { index: 0 }, delta: makeDelta({ base: 2, result: 9 }, [{ start: 0, bytes: 2 }]) },
      ]),
    ],
    [
      "a delta with an instruction that there is not",
      makePack([
        blob("ab"),
        { base: { index: 0 }, delta: makeDelta({ base: 2, result: 0 }, [Buffer.alloc(0)]) },
      ]),
    ],
  ])("is damaged with %s", async (_, pack) => {
    await expect(namesOf(pack)).rejects.toMatchObject(damaged);
    await expect(namesOf(pack, { pieces: Array.from({ length: 200 }, () => 7) })).rejects.toMatchObject(
      damaged,
    );
  });
});

/** A deflated stream whose blocks hold nothing: it goes on, and its content does not. */
function emptyBlocks(count: number): Buffer {
  const whole = deflateSync("a", { level: 0 });
  const block = Buffer.from([0, 0, 0, 0xff, 0xff]);
  return Buffer.concat([
    whole.subarray(0, 2),
    ...Array.from({ length: count }, () => block),
    whole.subarray(2),
  ]);
}
