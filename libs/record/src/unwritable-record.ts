import { KeelsonError } from "@keelson/model";

import type { NodeRecord } from "./record.ts";

/** Whether the disk is full or read-only. */
export function isUnwritable(error: unknown): error is KeelsonError {
  return error instanceof KeelsonError && ["K4001", "K4002"].includes(error.code);
}

/** Operations that leave nothing behind that a later round would have to know. */
const harmlessKinds: ReadonlySet<string> = new Set(["start-service", "await-service"]);

/**
 * Makes a copy of an unwritable record one with which a round can only start what stopped. What the round saves is lost
 * with the copy, and the next round observes it again. Any other operation, an accepted commit and the end of the round
 * throw `because`, so that the status never says that the node is well.
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
