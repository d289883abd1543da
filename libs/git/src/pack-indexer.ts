import { createHash } from "node:crypto";

import { applyDelta, readDeltaSizes } from "./pack-delta.ts";
import type { PackFailures } from "./pack-failure.ts";
import type { IndexedObject } from "./pack-index.ts";
import type { ObjectType, PackLimits } from "./pack-limits.ts";
import type { PackEntry } from "./pack-scanner.ts";

export interface PackIndexerInput {
  limits: PackLimits;
  failures: PackFailures;
  /** Inflates an entry once more: its content, or its delta. */
  read: (entry: PackEntry) => Buffer;
  /** Called between objects. */
  breathe: () => Promise<void>;
}

/** An object whose name is known. */
interface Known extends IndexedObject {
  entry: PackEntry;
  type: ObjectType;
  sizeBytes: number;
  base: Known | null;
  chainBytes: number;
  chainLength: number;
}

/** Contents that are kept for the deltas on them. Others are read again. */
const cacheBytes = 32 * 1024 * 1024;
/** What keeping a content costs beside its bytes. */
const entryBytes = 1024;
/** The longest chain of deltas that Git itself makes (pack.depth of git-config(1)). */
const maxChainLength = 4095;

/**
 * Computes the ids of the objects of a pack. A delta is applied once its base is known, one delta at a time, so that a
 * chain of deltas costs the memory of two objects. Throws K2017 for an object over a limit, before it is made.
 */
export class PackIndexer {
  readonly #input: PackIndexerInput;
  readonly #byOffset = new Map<number, Known>();
  readonly #byOid = new Map<string, Known>();
  /** Deltas whose base is known; and the others, by the offset or id of their base. */
  readonly #ready: PackEntry[] = [];
  readonly #waiting = new Map<number | string, PackEntry[]>();
  readonly #cache = new Map<Known, Buffer>();
  #cachedBytes = 0;
  #totalBytes = 0;

  constructor(input: PackIndexerInput) {
    this.#input = input;
  }

  /** Takes an entry from the scanner, with its content or its delta. */
  take(entry: PackEntry, inflated: Buffer): void {
    const { limits, failures } = this.#input;
    this.#totalBytes += inflated.length;
    if (entry.type !== "delta") {
      const sizeBytes = inflated.length;
      const alone = { base: null, chainBytes: sizeBytes, chainLength: 0 };
      this.#settle({ entry, type: entry.type, sizeBytes, ...alone }, inflated);
      return;
    }
    const sizes = readDeltaSizes(inflated);
    if (sizes === null) throw failures.damaged("a delta has no sizes");
    this.#totalBytes += sizes.resultBytes;
    if (this.#totalBytes > limits.totalBytes) throw failures.tooMuchInAll(limits);
    const base = this.#find(entry);
    if (base !== undefined) this.#ready.push(entry);
    else this.#wait(entry);
  }

  /** Returns all objects of the pack. Throws `DamageError` when the base of a delta is missing. */
  async finish(): Promise<IndexedObject[]> {
    const { failures, breathe } = this.#input;
    // The list grows: each object that becomes known adds the deltas that have waited for it.
    for (const entry of this.#ready) {
      this.#resolve(entry);
      await breathe();
    }
    if (this.#waiting.size > 0) throw failures.damaged("the base of a delta is missing");
    return [...this.#byOid.values()];
  }

  #find({ offset, base }: PackEntry): Known | undefined {
    if (base === null) return undefined;
    return "oid" in base ? this.#byOid.get(base.oid) : this.#byOffset.get(offset - base.back);
  }

  #wait(entry: PackEntry): void {
    const { base, offset } = entry;
    if (base === null) return;
    const key = "oid" in base ? base.oid : offset - base.back;
    // The base comes before its delta, or two deltas could be each other's base.
    if (typeof key === "number" && key >= offset)
      throw this.#input.failures.damaged("the base of a delta comes after it");
    const others = this.#waiting.get(key);
    if (others === undefined) this.#waiting.set(key, [entry]);
    else others.push(entry);
  }

  #resolve(entry: PackEntry): void {
    const { failures, read } = this.#input;
    const base = this.#find(entry);
    if (base === undefined) return;
    const delta = read(entry);
    const sizeBytes = readDeltaSizes(delta)?.resultBytes ?? 0;
    const known = {
      entry,
      type: base.type,
      sizeBytes,
      base,
      chainBytes: base.chainBytes + sizeBytes,
      chainLength: base.chainLength + 1,
    };
    this.#checkLimits(known);
    const content = applyDelta(delta, this.#contentOf(base));
    if (content === null) throw failures.damaged("a delta does not fit its base");
    this.#settle(known, content);
  }

  #checkLimits({ type, sizeBytes, chainBytes, chainLength }: Omit<Known, keyof IndexedObject>): void {
    const { limits, failures } = this.#input;
    const limit = limits.objectBytes[type];
    if (sizeBytes > limit) throw failures.tooLarge(type, { sizeBytes, limit });
    if (chainBytes > limits.chainBytes || chainLength > maxChainLength) {
      throw failures.tooMuch(
        `a ${type} that is made from more than ${limits.chainBytes} bytes of other objects`,
      );
    }
  }

  #settle(found: Omit<Known, keyof IndexedObject>, content: Buffer): void {
    const { entry, type } = found;
    const hash = createHash("sha1").update(`${type} ${content.length}\0`).update(content);
    const known = { ...found, oid: hash.digest("hex"), offset: entry.offset, crc: entry.crc };
    this.#byOffset.set(known.offset, known);
    if (!this.#byOid.has(known.oid)) this.#byOid.set(known.oid, known);
    this.#keep(known, content);
    for (const key of [known.offset, known.oid]) {
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) continue;
      this.#waiting.delete(key);
      for (const entry of waiting) this.#ready.push(entry);
    }
  }

  #contentOf(known: Known): Buffer {
    const { failures, read } = this.#input;
    const deltas: Known[] = [];
    let at = known;
    for (; at.base !== null && !this.#cache.has(at); at = at.base) deltas.push(at);
    let content = this.#cache.get(at) ?? read(at.entry);
    for (const next of deltas.toReversed()) {
      const made = applyDelta(read(next.entry), content);
      if (made === null) throw failures.damaged("a delta does not fit its base");
      content = made;
      this.#keep(next, content);
    }
    return content;
  }

  #keep(known: Known, content: Buffer): void {
    if (content.length > cacheBytes / 4 || this.#cache.has(known)) return;
    this.#cache.set(known, content);
    this.#cachedBytes += content.length + entryBytes;
    for (const [oldest, { length }] of this.#cache) {
      if (this.#cachedBytes <= cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= length + entryBytes;
    }
  }
}
