import {
  type CreationPart,
  InvariantError,
  type Operation,
  type OperationKind,
  type Plan,
} from "@keelson/model";
import { formatOperation } from "@keelson/report";

import { narrowTo, needs, partsOf } from "./creation-part.ts";
import {
  type ApplyContext,
  type OperationResult,
  type Run,
  beginOperation,
  skip,
} from "./operation-attempt.ts";
import { newLimit } from "./parallel-limit.ts";

/** More than four at once gain nothing and can leave a ghost endpoint on engine 20.10. */
const parallelOperations = 4;

/** They are the store's; a container decides how long they take, so those of one instance take no place of another's. */
const fileKinds: ReadonlySet<OperationKind> = new Set([
  "place-files",
  "keep-folder",
  "remove-files",
  "record-files",
]);

/**
 * Does what the plan says, in its order, independent operations side by side; a failure skips only its dependents. An
 * operation of which only a part fails, or is skipped, has a result for each such part, and one for the rest.
 * It returns when every operation has ended: nothing goes on behind the back of a round that gives its lock away.
 */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<OperationResult[]> {
  requireOrder(plan);
  const limits = new Map<string, ReturnType<typeof newLimit>>();
  const limitOf = (operation: Operation) => {
    const key =
      fileKinds.has(operation.kind) && "instance" in operation ? `files of ${operation.instance}` : "";
    const limit = limits.get(key) ?? newLimit(parallelOperations);
    limits.set(key, limit);
    return limit;
  };
  const run: Run = { ...context, journalError: null, begunMs: performance.now() };
  const begun = new Map<string, Begun>();
  for (const operation of plan.operations) {
    // Waiting takes no place: four services on their way up must not hold up the fifth.
    const inTurn =
      operation.kind === "await-service"
        ? beginOperation
        : async (ready: Operation) => limitOf(operation)(async () => beginOperation(ready, run));
    begun.set(operation.id, {
      operation,
      results: runAfter(begun, { operation, run, inTurn: async (ready) => inTurn(ready, run) }),
    });
  }
  const results = await Promise.all([...begun.values()].map((each) => each.results));
  return results.flat();
}

interface Begun {
  operation: Operation;
  results: Promise<OperationResult[]>;
}

function requireOrder({ operations }: Plan): void {
  const earlier = new Set<string>();
  for (const { id, after } of operations) {
    const missing = after.find((other) => !earlier.has(other));
    if (missing !== undefined) {
      throw new InvariantError(`operation ${id} depends on ${missing}, which does not come before it`);
    }
    earlier.add(id);
  }
}

async function runAfter(
  begun: ReadonlyMap<string, Begun>,
  next: { operation: Operation; run: Run; inTurn: (ready: Operation) => Promise<OperationResult[]> },
): Promise<OperationResult[]> {
  const { operation, run, inTurn } = next;
  const failureBefore = async (after: readonly string[]) => {
    const before = after.flatMap((id) => begun.get(id) ?? []);
    await Promise.all(before.map(({ results }) => results));
    for (const { operation: whole, results } of before) {
      const failed = (await results).find(
        ({ outcome, operation: part }) => outcome !== "done" && needs(operation, { whole, part }),
      );
      if (failed !== undefined) return failed;
    }
    return null;
  };
  const parts = partsOf(operation);
  if (parts.length === 0) {
    const failed = await failureBefore(operation.after);
    return failed === null ? inTurn(operation) : [skip(operation, { run, ...reasonOf(failed) })];
  }
  const ready: CreationPart[] = [];
  const skipped: OperationResult[] = [];
  for (const part of parts) {
    const failed = await failureBefore(part.after);
    if (failed === null) ready.push(part);
    else skipped.push(skip(narrowTo([part], operation), { run, ...reasonOf(failed) }));
  }
  return ready.length === 0 ? skipped : [...skipped, ...(await inTurn(narrowTo(ready, operation)))];
}

/** The failure that it all began with: that one a reader must look for. */
function reasonOf(result: OperationResult): Pick<OperationResult, "because" | "failedId"> {
  const { outcome, operation, because, failedId } = result;
  if (outcome === "skipped") return { because, failedId };
  return { because: `${formatOperation(operation)} failed`, failedId: operation.id };
}

/** How long nothing was done but waiting at the end: for services to come up, mostly. */
export function waitedMs(results: readonly OperationResult[]): number {
  const endOf = (of: readonly OperationResult[]) => Math.max(0, ...of.map(({ endedMs }) => endedMs));
  return endOf(results) - endOf(results.filter(({ operation }) => operation.kind !== "await-service"));
}
