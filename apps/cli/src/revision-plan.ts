import { findComposeBinary, wireDesired } from "@keelson/node";
import { type Snapshot, widestWaits } from "@keelson/model";
import { type Walk, planBetween, policyOf, readDesired, targetAt } from "@keelson/reconcile";

import type { RepositoryOptions } from "./node-options.ts";
import type { NodeReference } from "./reference.ts";
import { openCommit } from "./source.ts";

/** A plan from what another revision desires, or from an empty node (`none`): for code review, and for any node. */
export async function planBetweenRevisions(
  revision: Snapshot,
  {
    from,
    options,
    reference,
  }: { from: string; options: RepositoryOptions & { config?: string }; reference: NodeReference },
): Promise<Walk> {
  const composeBinary = await findComposeBinary(process.env);
  const desiredAt = async (at: Snapshot) =>
    readDesired(wireDesired({ composeBinary, emit: () => {} }), { reference, target: targetAt(at) });
  const walk = await desiredAt(revision);
  if (walk.desired === null) return walk;
  const before = from === "none" ? null : await desiredAt(await openCommit({ ...options, revision: from }));
  if (before !== null && before.desired === null) return { ...walk, problems: before.problems };
  const policy = policyOf(walk, { ...reference, waits: widestWaits, allow: "all" });
  return { ...walk, plan: planBetween(before?.desired ?? null, { after: walk.desired, policy }) };
}
