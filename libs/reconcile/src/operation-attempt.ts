import type { CreationPart, DesiredNode, Operation, OperationKind } from "@keelson/model";

import { isOfOnePart, narrowTo, partsOf } from "./creation-part.ts";
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
  /** The operation that failed, and for which it was skipped; null otherwise. */
  failedId: string | null;
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

/** While a plan is applied. */
export interface Run extends ApplyContext {
  /** Set when the journal cannot be written any more: what a later round could not learn of is not begun. */
  journalError: unknown;
  begunMs: number;
}

/** They change nothing that must be ended in order. */
const waitingKinds: ReadonlySet<OperationKind> = new Set(["await-service", "pull-image"]);

/** Does an operation whose turn it is, and keeps the journal of it. */
export async function beginOperation(operation: Operation, run: Run): Promise<OperationResult[]> {
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
    return {
      operation: part,
      outcome: error === null ? "done" : "failed",
      error,
      because: "",
      failedId: null,
      endedMs,
    };
  });
}

/** The result of an operation that is not begun. */
export function skip(
  operation: Operation,
  on: { run: Run; because: string; failedId?: string | null },
): OperationResult {
  on.run.ports.emit({ type: "operation-skipped", operation, because: on.because });
  const { because, failedId = null } = on;
  return { operation, outcome: "skipped", error: null, because, failedId, endedMs: 0 };
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
