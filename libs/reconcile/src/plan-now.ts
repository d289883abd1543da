import type { DesiredNode, ObservedNode, Plan } from "@keelson/model";
import { type PlanPolicy, findRestless, planChanges } from "@keelson/plan";

import type { ReadPorts } from "./ports.ts";

/** What is to be done by what is observed and remembered now. What ends again and again rests before its next start. */
export function planNow(
  { desired, observed, policy }: { desired: DesiredNode; observed: ObservedNode; policy: PlanPolicy },
  { record: memory, now }: Pick<ReadPorts, "record" | "now">,
): Plan {
  const record = memory.readState();
  const resting = findRestless({ desired, observed, record }, now());
  return planChanges({ desired, observed, record, policy: { ...policy, resting } });
}
