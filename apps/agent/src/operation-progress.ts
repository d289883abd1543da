import { type KeelsonEvent, type Operation, codeOf, redact } from "@keelson/model";
import { formatOperation, isMereStep } from "@keelson/report";

import type { OperationProgress } from "./round-summary.ts";

/** Beginnings and ends of operations, for whoever waits for the round; null for any other event. */
export function progressOf(event: KeelsonEvent): OperationProgress | null {
  const told = (
    state: OperationProgress["state"],
    { operation, why = "" }: { operation: Operation; why?: string },
  ) => ({
    id: operation.id,
    state,
    text: `${formatOperation(operation)}${why === "" ? "" : `: ${why}`}`,
  });
  switch (event.type) {
    case "operation-started":
      return isMereStep(event.operation) ? null : told("begun", event);
    case "operation-finished":
      return isMereStep(event.operation) ? null : told("done", event);
    case "operation-failed": {
      const { operation, error } = event;
      const why = `[${codeOf(error)}] ${redact(error instanceof Error ? error.message : String(error))}`;
      return told("failed", { operation, why });
    }
    case "operation-skipped":
      return told("skipped", { operation: event.operation, why: event.because });
    default:
      return null;
  }
}
