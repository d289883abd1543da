import type { KeelsonError } from "@keelson/model";

import { DamageError, PackLimitError } from "./git-error.ts";
import type { ObjectType, PackLimits } from "./pack-limits.ts";

/** Errors about a pack, which name its sender. */
export interface PackFailures {
  tooMuch: (what: string) => KeelsonError;
  tooLarge: (type: ObjectType | "delta", of: { sizeBytes: number; limit: number }) => KeelsonError;
  tooMuchInAll: (limits: PackLimits) => KeelsonError;
  damaged: (why: string, cause?: unknown) => DamageError;
}

/** `name`: the sender's name in messages. */
export function packFailures(name: string): PackFailures {
  const tooMuch = (what: string) => new PackLimitError(`${name} sends ${what}`);
  return {
    tooMuch,
    tooLarge: (type, { sizeBytes, limit }) =>
      tooMuch(`a ${type} of ${sizeBytes} bytes, and at most ${limit} are accepted`),
    tooMuchInAll: ({ totalBytes }) => tooMuch(`objects of more than ${totalBytes} bytes in all`),
    damaged: (why, cause) =>
      new DamageError({ message: `the pack that ${name} sends is damaged`, cause: cause ?? new Error(why) }),
  };
}
