import { type Ask, type DesiredInstance, type Plan, type RecordState, ownOf } from "@keelson/model";

interface JobContext {
  instance: DesiredInstance;
  /** What is left to do; its grants are those that the node permits. */
  remaining: Pick<Plan, "grants">;
  applied: RecordState["applied"];
}

/**
 * Whether the node no longer permits what a job was applied with. What runs stays as it is, but each run of a job is a new
 * container. A job that only a new commit gives more than the node permits goes on as it was.
 */
export function isWithdrawn(service: string, { instance, remaining, applied }: JobContext): boolean {
  const permitted = remaining.grants.filter((each) => each.instance === instance.name);
  const refused = instance.grants.filter(
    (ask) => [service, ""].includes(ask.service) && !permitted.some((each) => isSame(each, ask)),
  );
  const before =
    ownOf(applied?.services, instance.name) === undefined ? null : ownOf(applied?.grants, instance.name);
  return refused.some((ask) => before === null || (before ?? []).some((each) => isSame(each, ask)));
}

function isSame(a: Ask, b: Ask): boolean {
  return a.kind === b.kind && a.value === b.value && a.service === b.service && a.readOnly === b.readOnly;
}
