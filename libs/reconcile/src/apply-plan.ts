import {
  type CreationPart,
  type DesiredNode,
  InvariantError,
  type Operation,
  type OperationKind,
  type Plan,
} from "@keelson/model";
import { formatOperation } from "@keelson/report";

import { isOfOnePart, narrowTo, needs, partsOf } from "./creation-part.ts";
import { errorOf } from "./error-of.ts";
import type { OperationContext, Ports } from "./ports.ts";

/** What came of an operation, or of some of its parts. */
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
    return failed === null ? inTurn(operation) : [skip(operation, { run, because: reasonOf(failed) })];
  }
  const ready: CreationPart[] = [];
  const skipped: OperationResult[] = [];
  for (const part of parts) {
    const failed = await failureBefore(part.after);
    if (failed === null) ready.push(part);
    else skipped.push(skip(narrowTo([part], operation), { run, because: reasonOf(failed) }));
  }
  return ready.length === 0 ? skipped : [...skipped, ...(await inTurn(narrowTo(ready, operation)))];
}

/** The failure that it all began with: that one a reader must look for. */
function reasonOf(result: OperationResult): string {
  return result.outcome === "skipped" ? result.because : `${formatOperation(result.operation)} failed`;
}

function skip(operation: Operation, on: { run: Run; because: string }): OperationResult {
  on.run.ports.emit({ type: "operation-skipped", operation, because: on.because });
  return { operation, outcome: "skipped", error: null, because: on.because, endedMs: 0 };
}

async function beginOperation(operation: Operation, run: Run): Promise<OperationResult[]> {
  if (run.signal.aborted) return [skip(operation, { run, because: "the round was stopped" })];
  if (run.waiting.aborted) return [skip(operation, { run, because: "a newer revision came" })];
  if (run.journalError !== null) return [skip(operation, { run, because: "the record cannot be written" })];
  const { record, emit, now } = run.ports;
  const startedAt = performance.now();
  const time = () => now().toISOString();
  const entry = { roundId: run.roundId, operationId: operation.id };
  const { kind, resource } = operation;
  const begun = { ...entry, kind, resource, makes: madeBy(operation), startedAt: time() };
  const unbegun = noteIn(run, () => record.beginOperation(begun));
  let attempts: Attempt[] = [{ operation, error: unbegun }];
  if (unbegun === null) {
    emit({ type: "operation-started", operation });
    attempts = await attempt(operation, run);
    const result = attempts.every(({ error }) => error === null) ? "done" : "failed";
    const unnoted = noteIn(run, () => record.finishOperation({ ...entry, finishedAt: time(), result }));
    attempts = attempts.map((each) => ({ ...each, error: each.error ?? unnoted }));
  }
  const elapsedMs = performance.now() - startedAt;
  const endedMs = performance.now() - run.begunMs;
  return attempts.map(({ operation: part, error }) => {
    if (error === null) emit({ type: "operation-finished", operation: part, elapsedMs });
    else emit({ type: "operation-failed", operation: part, error, elapsedMs });
    return { operation: part, outcome: error === null ? "done" : "failed", error, because: "", endedMs };
  });
}

interface Attempt {
  operation: Operation;
  error: unknown;
}

/** Does an operation as a whole; where that fails because of one of its parts, each part by itself, one after the other. */
async function attempt(operation: Operation, run: Run): Promise<Attempt[]> {
  const error = await errorOf(async () => dispatch(operation, run));
  const parts = partsOf(operation);
  if (error === null || parts.length === 0 || !isOfOnePart(error)) return [{ operation, error }];
  const made: CreationPart[] = [];
  const failed: Attempt[] = [];
  for (const part of parts) {
    const alone = narrowTo([part], operation);
    const own = await errorOf(async () => dispatch(alone, run));
    if (own === null) made.push(part);
    else failed.push({ operation: alone, error: own });
  }
  return made.length === 0 ? failed : [...failed, { operation: narrowTo(made, operation), error: null }];
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
