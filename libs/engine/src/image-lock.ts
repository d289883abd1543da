import { KeelsonError, type LockedImage, compareText } from "@keelson/model";

import type { RegistryLogin } from "./docker-config.ts";
import { mapParallel } from "./parallel.ts";
import { addressOf } from "./registry-address.ts";
import { askRegistry } from "./registry-ask.ts";
import { isNonsense } from "./registry-fault.ts";
import { readImage } from "./registry-image.ts";
import type { RegistryLogins } from "./registry-logins.ts";
import { throwIfCancelled, untilCancelled } from "./request.ts";

export interface LockInput {
  logins: RegistryLogins;
  signal: AbortSignal;
  /** End of each answer of a registry; default 30 s. */
  timeoutMs?: number;
  /** Called when an image has its answer, with how many have. */
  onAnswer?: (reference: string, done: number) => void;
}

/** What became of each reference. */
export interface LockedImages {
  locked: ReadonlyMap<string, LockedImage>;
  /** K3002, K3003, K3034, K3035 or K3071 for each of the others. */
  faults: ReadonlyMap<string, KeelsonError>;
}

const atOnce = 4;
const defaultTimeoutMs = 30_000;

/**
 * What the tags of these references name now, by the registries themselves: no engine is asked and nothing is pulled. Every byte
 * that counts is checked against its digest. References have no digest. Throws K3014 when `signal` ends it.
 */
export async function lockImages(references: readonly string[], input: LockInput): Promise<LockedImages> {
  const locked = new Map<string, LockedImage>();
  const faults = new Map<string, KeelsonError>();
  await mapParallel([...new Set(references)].toSorted(compareText), {
    limit: atOnce,
    map: async (reference) => {
      try {
        locked.set(reference, await lockImage(reference, input));
      } catch (error) {
        // What ends all of them is no fault of one.
        throwIfCancelled(input.signal, `ask the registry for image ${reference}`);
        if (!(error instanceof KeelsonError)) throw error;
        faults.set(reference, error);
      }
      input.onAnswer?.(reference, locked.size + faults.size);
    },
  });
  return { locked, faults };
}

async function lockImage(
  reference: string,
  { logins, signal, timeoutMs = defaultTimeoutMs }: LockInput,
): Promise<LockedImage> {
  let locked: LockedImage | null = null;
  const read = async (login: RegistryLogin | null) => {
    locked = await readImage({ reference, address: addressOf(reference), login, signal, timeoutMs });
  };
  await askRegistry({ logins, reference, signal, asker: "whoever runs this command" }, async (login) =>
    untilCancelled(read(login), { signal, what: `ask the registry for image ${reference}` }),
  );
  if (locked === null) throw isNonsense(reference, "it says nothing");
  return locked;
}
