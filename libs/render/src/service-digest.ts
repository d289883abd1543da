import { type ServiceDigest, digestValue } from "@keelson/model";

import type { DigestAlgorithm, DigestInput } from "./digest-algorithm.ts";
import { digestV1 } from "./digest-v1.ts";
import { digestV2 } from "./digest-v2.ts";

/** Newest first, and at least one. */
export type DigestAlgorithms = readonly [DigestAlgorithm, ...DigestAlgorithm[]];

/** Those that nodes may still have in their labels. */
export const digestAlgorithms: DigestAlgorithms = [digestV2, digestV1];

/** A service's digest under each of these algorithms. */
export function digestService(
  input: DigestInput,
  [newest, ...older]: DigestAlgorithms,
): readonly [ServiceDigest, ...ServiceDigest[]] {
  const digestBy = ({ name, digestParts }: DigestAlgorithm): ServiceDigest => {
    const parts = digestParts(input);
    return { algorithm: name, digest: digestValue(parts), parts };
  };
  return [digestBy(newest), ...older.map(digestBy)];
}
