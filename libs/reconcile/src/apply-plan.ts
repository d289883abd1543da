import { type DesiredNode, InvariantError, type Operation, type Plan } from "@keelson/model";
import { formatOperation } from "@keelson/report";

import type { OperationContext, Ports } from "./ports.ts";

export interface OperationResult {
  operation: Operation;
  outcome: "done" | "failed" | "skipped";
  /** Why it failed; null otherwise. */
  error: unknown;
  /** Why it was skipped, in words; empty otherwise. */
  because: string;
}

export interface ApplyContext {
  desired: DesiredNode;
  ports: Pick<Ports, "operations" | "record" | "emit" | "now">;
  /** Of the record's journal. */
  roundId: number;
  signal: AbortSignal;
}

/** More than four at once gain nothing and can leave a ghost endpoint on engine 20.10. */
const parallelOperations = 4;

/** Does what the plan says, in its order, independent operations side by side; a failure skips only its dependents. */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<OperationResult[]> {
  const runLimited = newLimit(parallelOperations);
  const results = new Map<string, Promise<OperationResult>>();
  for (const operation of plan.operations) {
    const before = operation.after.map((id) => results.get(id) ?? missingDependency(operation, id));
    const run = async () => runOperation(operation, context);
    // Waiting takes no place: four services on their way up must not hold up the fifth.
    const runInTurn = operation.kind === "await-service" ? run : async () => runLimited(run);
    results.set(operation.id, runAfter(before, { operation, context, run: runInTurn }));
  }
  return Promise.all(results.values());
}

function missingDependency(operation: Operation, id: string): never {
  throw new InvariantError(`operation ${operation.id} depends on ${id}, which does not come before it`);
}

async function runAfter(
  before: Promise<OperationResult>[],
  next: { operation: Operation; context: ApplyContext; run: () => Promise<OperationResult> },
): Promise<OperationResult> {
  const failed = (await Promise.all(before)).find((result) => result.outcome !== "done");
  if (failed === undefined && !next.context.signal.aborted) return next.run();
  const because = failed === undefined ? "the round was stopped" : reasonOf(failed);
  next.context.ports.emit({ type: "operation-skipped", operation: next.operation, because });
  return { operation: next.operation, outcome: "skipped", error: null, because };
}

/** The failure that it all began with: that one a reader must look for. */
function reasonOf(result: OperationResult): string {
  return result.outcome === "skipped" ? result.because : `${formatOperation(result.operation)} failed`;
}

async function runOperation(operation: Operation, context: ApplyContext): Promise<OperationResult> {
  const startedAt = performance.now();
  const { record, emit } = context.ports;
  const entry = { roundId: context.roundId, operationId: operation.id };
  const now = () => context.ports.now().toISOString();
  record.beginOperation({ ...entry, kind: operation.kind, resource: operation.resource, startedAt: now() });
  emit({ type: "operation-started", operation });
  try {
    await dispatch(operation, context);
  } catch (error) {
    record.finishOperation({ ...entry, finishedAt: now(), result: "failed" });
    emit({ type: "operation-failed", operation, error, elapsedMs: performance.now() - startedAt });
    return { operation, outcome: "failed", error, because: "" };
  }
  record.finishOperation({ ...entry, finishedAt: now(), result: "done" });
  emit({ type: "operation-finished", operation, elapsedMs: performance.now() - startedAt });
  return { operation, outcome: "done", error: null, because: "" };
}

async function dispatch(operation: Operation, context: ApplyContext): Promise<void> {
  const instanceName = "instance" in operation ? operation.instance : null;
  const operationContext: OperationContext = {
    instance: context.desired.instances.find(({ name }) => name === instanceName) ?? null,
    signal: context.signal,
    progress: (message, share) =>
      context.ports.emit({ type: "operation-progressed", operationId: operation.id, message, ...share }),
  };
  // Each kind has the function for just that kind; the compiler does not follow the pair through the look-up.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const run = context.ports.operations[operation.kind] as (
    operation: Operation,
    context: OperationContext,
  ) => Promise<void>;
  await run(operation, operationContext);
}

/** Runs at most `places` tasks at a time, in the order of asking. */
function newLimit(places: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
