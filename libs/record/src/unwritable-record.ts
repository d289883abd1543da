import { KeelsonError } from "@keelson/model";

import type { NodeRecord } from "./record.ts";

/** The disk takes nothing: full, or read-only. */
export function isUnwritable(error: unknown): error is KeelsonError {
  return error instanceof KeelsonError && ["K4001", "K4002"].includes(error.code);
}

/** What leaves nothing behind that a later round would have to know of. */
const harmlessKinds: ReadonlySet<string> = new Set(["start-service", "await-service"]);

/**
 * A copy of a record that cannot be written, for a round that starts again what was stopped: what it learns is forgotten
 * with it, and learnt again by the next. Everything else it begins, what a human says, and the round's end throw
 * `because`, so that the node is never said to be well.
 */
export function keepToWhatRuns(copy: NodeRecord, because: KeelsonError): NodeRecord {
  const refuse = () => {
    throw because;
  };
  return {
    ...copy,
    beginOperation: (operation) => {
      if (!harmlessKinds.has(operation.kind)) refuse();
      copy.beginOperation(operation);
    },
    acceptRevision: refuse,
    closeInterrupted: refuse,
  };
}
