import type { DesiredNode, ObservedNode, Plan, RecordState } from "@keelson/model";
import { type PlanPolicy, findRestless, planChanges } from "@keelson/plan";

import type { ReadPorts } from "./ports.ts";

interface Seen {
  desired: DesiredNode;
  observed: ObservedNode;
}

/** The same policy, with what ends again and again resting before its next start. */
export function withRests(policy: PlanPolicy, seen: Seen & { record: RecordState; at: Date }): PlanPolicy {
  return { ...policy, resting: findRestless(seen, seen.at) };
}

/** What is to be done by what is observed and remembered now. */
export function planNow(
  { policy, ...seen }: Seen & { policy: PlanPolicy },
  { record: memory, now }: Pick<ReadPorts, "record" | "now">,
): Plan {
  const record = memory.readState();
  return planChanges({ ...seen, record, policy: withRests(policy, { ...seen, record, at: now() }) });
}
