import type { Condition, ConditionType } from "@keelson/model";

/** Null is `unknown`. Since when it holds is added by who knows the status before. */
export function makeCondition(
  type: ConditionType,
  status: boolean | null,
  { reason, message }: { reason: string; message: string },
): Omit<Condition, "since"> {
  return { type, status: status === null ? "unknown" : status ? "true" : "false", reason, message };
}
