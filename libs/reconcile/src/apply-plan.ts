import {
  type DesiredNode,
  InvariantError,
  type Operation,
  type OperationKind,
  type Plan,
} from "@keelson/model";
import { formatOperation } from "@keelson/report";

import { errorOf } from "./error-of.ts";
import type { OperationContext, Ports } from "./ports.ts";

export interface OperationResult {
  operation: Operation;
  outcome: "done" | "failed" | "skipped";
  /** Why it failed; null otherwise. */
  error: unknown;
  /** Why it was skipped, in words; empty otherwise. */
  because: string;
  /** Milliseconds from the begin of the apply to its end; 0 for what was skipped. */
  endedMs: number;
}

export interface ApplyContext {
  desired: DesiredNode;
  ports: Pick<Ports, "operations" | "record" | "emit" | "now">;
  /** Of the record's journal. */
  roundId: number;
  signal: AbortSignal;
  /** Aborted when a newer revision makes waiting useless. */
  waiting: AbortSignal;
}

/** They change nothing that must be ended in order. */
const waitingKinds: ReadonlySet<OperationKind> = new Set(["await-service", "pull-image"]);

/** More than four at once gain nothing and can leave a ghost endpoint on engine 20.10. */
const parallelOperations = 4;

/** They are the store's; a container decides how long they take, so those of one instance take no place of another's. */
const fileKinds: ReadonlySet<OperationKind> = new Set(["place-files", "remove-files", "record-files"]);

/**
 * Does what the plan says, in its order, independent operations side by side; a failure skips only its dependents.
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
  const results = new Map<string, Promise<OperationResult>>();
  for (const operation of plan.operations) {
    const before = operation.after.flatMap((id) => results.get(id) ?? []);
    const turn = async () => beginOperation(operation, run);
    // Waiting takes no place: four services on their way up must not hold up the fifth.
    const inTurn = operation.kind === "await-service" ? turn : async () => limitOf(operation)(turn);
    results.set(operation.id, runAfter(before, { operation, run, inTurn }));
  }
  return Promise.all(results.values());
}

/** While a plan is applied. */
interface Run extends ApplyContext {
  /** Set when the journal cannot be written any more: what a later round could not learn of is not begun. */
  journalError: unknown;
  begunMs: number;
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
  before: Promise<OperationResult>[],
  next: { operation: Operation; run: Run; inTurn: () => Promise<OperationResult> },
): Promise<OperationResult> {
  const failed = (await Promise.all(before)).find((result) => result.outcome !== "done");
  return failed === undefined
    ? next.inTurn()
    : skip(next.operation, { run: next.run, because: reasonOf(failed) });
}

/** The failure that it all began with: that one a reader must look for. */
function reasonOf(result: OperationResult): string {
  return result.outcome === "skipped" ? result.because : `${formatOperation(result.operation)} failed`;
}

function skip(operation: Operation, on: { run: Run; because: string }): OperationResult {
  on.run.ports.emit({ type: "operation-skipped", operation, because: on.because });
  return { operation, outcome: "skipped", error: null, because: on.because, endedMs: 0 };
}

async function beginOperation(operation: Operation, run: Run): Promise<OperationResult> {
  if (run.signal.aborted) return skip(operation, { run, because: "the round was stopped" });
  if (run.waiting.aborted) return skip(operation, { run, because: "a newer revision came" });
  if (run.journalError !== null) return skip(operation, { run, because: "the record cannot be written" });
  const { record, emit, now } = run.ports;
  const startedAt = performance.now();
  const time = () => now().toISOString();
  const entry = { roundId: run.roundId, operationId: operation.id };
  const { kind, resource } = operation;
  const begun = { ...entry, kind, resource, makes: madeBy(operation), startedAt: time() };
  let error = noteIn(run, () => record.beginOperation(begun));
  if (error === null) {
    emit({ type: "operation-started", operation });
    error = await errorOf(async () => dispatch(operation, run));
    const result = error === null ? "done" : "failed";
    const unnoted = noteIn(run, () => record.finishOperation({ ...entry, finishedAt: time(), result }));
    error ??= unnoted;
  }
  const elapsedMs = performance.now() - startedAt;
  if (error === null) emit({ type: "operation-finished", operation, elapsedMs });
  else emit({ type: "operation-failed", operation, error, elapsedMs });
  const endedMs = performance.now() - run.begunMs;
  return { operation, outcome: error === null ? "done" : "failed", error, because: "", endedMs };
}

/** What would be nobody's after a kill: the ids are known at the end of the round only. */
function madeBy(operation: Operation): string[] {
  switch (operation.kind) {
    case "create-containers":
      return operation.services.map((service) => `${operation.project}/${service}`);
    case "create-network":
      return [operation.network.name];
    default:
      return [];
  }
}

function noteIn(run: Run, note: () => void): unknown {
  try {
    note();
    return null;
  } catch (error) {
    run.journalError = error;
    return error;
  }
}

async function dispatch(operation: Operation, context: ApplyContext): Promise<void> {
  const instanceName = "instance" in operation ? operation.instance : null;
  const operationContext: OperationContext = {
    instance: context.desired.instances.find(({ name }) => name === instanceName) ?? null,
    signal: waitingKinds.has(operation.kind)
      ? AbortSignal.any([context.signal, context.waiting])
      : context.signal,
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

/** How long nothing was done but waiting at the end: for services to come up, mostly. */
export function waitedMs(results: readonly OperationResult[]): number {
  const endOf = (of: readonly OperationResult[]) => Math.max(0, ...of.map(({ endedMs }) => endedMs));
  return endOf(results) - endOf(results.filter(({ operation }) => operation.kind !== "await-service"));
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
