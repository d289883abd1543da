import type { Plan } from "@keelson/model";

import type { OperationResult } from "./operation-attempt.ts";

/** Whether nothing failed in a round, and all work that is left came up during the round. */
export function isNewWork(
  results: readonly Pick<OperationResult, "operation" | "outcome">[],
  remaining: Pick<Plan, "operations"> | null,
): boolean {
  if (remaining === null || remaining.operations.length === 0) return false;
  const touched = new Set(results.map(({ operation }) => operation.resource));
  return (
    results.every(({ outcome }) => outcome === "done") &&
    remaining.operations.every(({ resource }) => !touched.has(resource))
  );
}
