export type ObjectType = "commit" | "tree" | "blob" | "tag";

/** What one pack may bring. All of it is known from headers, before anything is inflated. */
export interface PackLimits {
  /** Of the pack as it is sent. */
  packBytes: number;
  objects: number;
  /** Of one object, inflated. */
  objectBytes: Record<ObjectType, number>;
  /** Of one object and all that it is made from by deltas: who reads the one holds the others. */
  chainBytes: number;
  /** Of all objects together, inflated, with their deltas. */
  totalBytes: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** A branch with its whole history. What is read of it has closer limits: see `fileLimits`. */
export const sourceLimits: PackLimits = {
  packBytes: 128 * MiB,
  objects: 150_000,
  objectBytes: { commit: MiB, tree: 8 * MiB, blob: 32 * MiB, tag: MiB },
  chainBytes: 128 * MiB,
  totalBytes: 2048 * MiB,
};

/** Objects of a status: four times what Keelson writes. */
const statusObjectBytes = { commit: 64 * KiB, tree: 64 * KiB, blob: 256 * KiB, tag: 64 * KiB };

/** A node's own ref, with the newest part of its history. */
export const ownStatusLimits: PackLimits = {
  packBytes: 16 * MiB,
  objects: 1_000,
  objectBytes: statusObjectBytes,
  chainBytes: 16 * MiB,
  totalBytes: 64 * MiB,
};

/** The newest commits of so many nodes: each has a tree and some 50 notes. */
export function fleetLimits(refs: number): PackLimits {
  return {
    packBytes: Math.min(128, 4 * refs) * MiB,
    objects: 100 * refs,
    objectBytes: statusObjectBytes,
    chainBytes: 16 * MiB,
    totalBytes: Math.min(2048, 16 * refs) * MiB,
  };
}
