import type { Operation, Plan, Status, StatusError } from "@keelson/model";

import { narrowTo, needs, partsOf } from "./creation-part.ts";

/** The wait for a retry that the status has announced, and whose end has not come. */
export interface KeptWait {
  /** What failed at something that is still to be done, as it was told; that is not tried before. */
  errors: StatusError[];
  /** The part of a plan that does not wait. */
  withoutIt: (plan: Plan) => Plan;
  retry: NonNullable<Status["retry"]>;
}

/**
 * The wait that a round has to keep; null where it has none: a person or a new commit asks for everything at once, and so
 * does the time itself. `keepsUpToMs`: the longest that can have been announced; null where none is kept.
 */
export function findKeptWait(
  { operations }: Pick<Plan, "operations">,
  {
    last,
    commit,
    keepsUpToMs,
    now,
  }: { last: Status | null; commit: string; keepsUpToMs: number | null; now: Date },
): KeptWait | null {
  if (last === null || last.retry === null || keepsUpToMs === null || last.source.attempted !== commit)
    return null;
  const leftMs = Date.parse(last.retry.nextAt) - now.getTime();
  // A time that is further away was told before a clock was set back.
  if (!(leftMs > 0 && leftMs <= keepsUpToMs)) return null;
  const wanted = new Set(operations.flatMap(thingsOf));
  const errors = last.errors.filter(
    (error) => error.outcome !== "waiting" && thingsOf(error).some((thing) => wanted.has(thing)),
  );
  const waiting = new Set(errors.flatMap(thingsOf));
  return { errors, withoutIt: (plan) => withoutThings(plan, waiting), retry: last.retry };
}

/** Without what is about these things, and what depends on that; of containers that are made together, without those only. */
function withoutThings(plan: Plan, things: ReadonlySet<string>): Plan {
  /** By id, the operation and what of it waits. */
  const left = new Map<string, { whole: Operation; part: Operation }>();
  const gone = new Set<string>();
  const operations = plan.operations.flatMap((operation): Operation[] => {
    const waits = (part: Operation, after: readonly string[]) =>
      thingsOf(part).some((thing) => things.has(thing)) ||
      after.flatMap((id) => left.get(id) ?? []).some((before) => needs(operation, before));
    const parts = partsOf(operation);
    const waiting = parts.filter((part) => waits(narrowTo([part], operation), part.after));
    const isWhole = parts.length === 0 ? waits(operation, operation.after) : waiting.length === parts.length;
    if (!isWhole && waiting.length === 0) return [operation];
    left.set(operation.id, { whole: operation, part: isWhole ? operation : narrowTo(waiting, operation) });
    if (isWhole) {
      gone.add(operation.id);
      return [];
    }
    const rest = narrowTo(
      parts.filter((part) => !waiting.includes(part)),
      operation,
    );
    return [{ ...rest, after: rest.after.filter((id) => !gone.has(id)) }];
  });
  return { ...plan, operations };
}

/** What Compose makes together is one resource: `services:lab-core/{nginx,web}`. */
function thingsOf({ resource }: Pick<Operation, "resource">): string[] {
  const [, project, services = ""] = /^services:([^/]+)\/\{(.*)\}$/.exec(resource) ?? [];
  return project === undefined ? [resource] : services.split(",").map((name) => `service:${project}/${name}`);
}
