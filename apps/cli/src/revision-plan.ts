import { findComposeBinary, wireDesired } from "@keelson/node";
import { type InstanceSettingChanges, type Snapshot, widestWaits } from "@keelson/model";
import {
  type Walk,
  listSettingChanges,
  planBetween,
  policyOf,
  readDesired,
  targetAt,
} from "@keelson/reconcile";

import type { RepositoryOptions } from "./node-options.ts";
import type { NodeReference } from "./reference.ts";
import { openCommit } from "./source.ts";

/** What a node would do from one revision to another, and which settings of its instances change. */
export interface RevisionWalk extends Walk {
  settingChanges: InstanceSettingChanges[];
}

/** A plan from what another revision desires, or from an empty node (`none`): for code review, and for any node. */
export async function planBetweenRevisions(
  revision: Snapshot,
  {
    from,
    options,
    reference,
  }: { from: string; options: RepositoryOptions & { config?: string }; reference: NodeReference },
): Promise<RevisionWalk> {
  const composeBinary = await findComposeBinary(process.env);
  const desiredAt = async (at: Snapshot) =>
    readDesired(wireDesired({ composeBinary, emit: () => {} }), { reference, target: targetAt(at) });
  const walk = await desiredAt(revision);
  if (walk.desired === null) return { ...walk, settingChanges: [] };
  const before = from === "none" ? null : await desiredAt(await openCommit({ ...options, revision: from }));
  if (before !== null && before.desired === null) {
    return { ...walk, problems: before.problems, settingChanges: [] };
  }
  const policy = policyOf(walk, { ...reference, waits: widestWaits, allow: "all" });
  const plan = planBetween(before?.desired ?? null, { after: walk.desired, policy });
  return { ...walk, plan, settingChanges: before === null ? [] : listSettingChanges(before, walk) };
}
