import { KeelsonError, type StagedNeeds, type StagedRelease, stalled } from "@keelson/model";
import {
  type StagedReason,
  chooseStagedToRemove,
  findMountedEntries,
  findStagedReasons,
} from "@keelson/plan";

import type { StorePort } from "./ports.ts";

export interface KeptRelease extends StagedRelease {
  /** Why it stays; null for what nothing needs, unless a container mounts it; `unknown` while no round has said what is needed. */
  because: StagedReason | "unknown" | null;
}

/** What is in the store, sorted by release and age, with why each stays. */
export async function listKept(store: StorePort): Promise<KeptRelease[]> {
  const staged = await store.listStaged();
  const needs = await store.readNeeds();
  if (needs === null) return staged.map((each) => ({ ...each, because: "unknown" }));
  const reasons = findStagedReasons({ staged, needs, mounted: [] });
  return staged.map((each) => ({ ...each, because: reasons.get(each.entry) ?? null }));
}

/**
 * Removes what nothing needs. `binds`: the paths of the host that containers bind, whosever they are. Throws K9073 while no round has
 * said what the node needs.
 */
export async function collectUnneeded(
  store: StorePort,
  { binds }: { binds: readonly string[] },
): Promise<{ removed: StagedRelease[]; kept: StagedRelease[] }> {
  const staged = await store.listStaged();
  const needs = await store.readNeeds();
  if (needs === null && staged.length > 0) throw notKnown();
  const scene = { staged, needs: needs ?? nothing, mounted: findMountedEntries(binds) };
  const chosen = new Set(chooseStagedToRemove(scene));
  await store.collectGarbage([...chosen]);
  return {
    removed: staged.filter(({ entry }) => chosen.has(entry)),
    kept: staged.filter(({ entry }) => !chosen.has(entry)),
  };
}

const nothing: StagedNeeds = { desired: [], lastGood: [] };

function notKnown(): KeelsonError {
  return new KeelsonError({
    code: "K9073",
    message: "no round has said yet which of the staged releases this node needs",
    hint: "Let a round run first: keelson sync, or keelson-agent reconcile.",
    outcome: stalled,
  });
}
