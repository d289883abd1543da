export type ObjectType = "commit" | "tree" | "blob" | "tag";

/** What one pack may have. Headers tell all of it before anything is inflated. */
export interface PackLimits {
  /** The size of the pack as it is sent. */
  packBytes: number;
  objects: number;
  /** The size of one inflated object. */
  objectBytes: Record<ObjectType, number>;
  /** The size of one object and of all that it is made from by deltas: reading it needs all of them. */
  chainBytes: number;
  /** The size of all inflated objects and deltas together. */
  totalBytes: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** For a branch with its whole history. Reading its files has narrower limits: see `fileLimits`. */
export const sourceLimits: PackLimits = {
  packBytes: 128 * MiB,
  objects: 150_000,
  objectBytes: { commit: MiB, tree: 8 * MiB, blob: 32 * MiB, tag: MiB },
  chainBytes: 128 * MiB,
  totalBytes: 2048 * MiB,
};

/** For objects of a status: four times what Keelson writes. */
const statusObjectBytes = { commit: 64 * KiB, tree: 64 * KiB, blob: 256 * KiB, tag: 64 * KiB };

/** For a node's own ref, with the newest part of its history. */
export const ownStatusLimits: PackLimits = {
  packBytes: 16 * MiB,
  objects: 1_000,
  objectBytes: statusObjectBytes,
  chainBytes: 16 * MiB,
  totalBytes: 64 * MiB,
};

/** For the newest commits of so many refs: each has a tree and some 50 notes. */
export function fleetLimits(refs: number): PackLimits {
  return {
    packBytes: Math.min(128, 4 * refs) * MiB,
    objects: 100 * refs,
    objectBytes: statusObjectBytes,
    chainBytes: 16 * MiB,
    totalBytes: Math.min(2048, 16 * refs) * MiB,
  };
}
