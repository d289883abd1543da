import { type Emit, type KeelsonEvent, type Operation, codeOf, redact } from "@keelson/model";
import { formatOperation, isMereStep } from "@keelson/report";
import { createLogUpdate } from "log-update";

import type { Output } from "../output.ts";

/** So long an observation may take before a person is told that it goes on. */
const patienceMs = 2_000;

/**
 * Shows the progress of a plan or an apply: on a terminal a live list, and an observation that takes long; elsewhere a line
 * for each finished operation.
 */
export function showProgress(output: Output): { emit: Emit; end: () => void } {
  const log = output.isLive ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  const running = new Map<string, { operation: Operation; detail: string }>();
  const redraw = () =>
    log?.(
      [...running.values()].map((each) => `  … ${formatOperation(each.operation)}${each.detail}`).join("\n"),
    );
  let observing: NodeJS.Timeout | undefined;
  const beginObserving = () => {
    const startedAt = Date.now();
    observing = setInterval(() => {
      const elapsedMs = Date.now() - startedAt;
      if (elapsedMs >= patienceMs)
        log?.(`  … reading what the engine and the state folder have  ${seconds(elapsedMs)}`);
    }, patienceMs / 4);
  };
  const endObserving = () => {
    if (observing === undefined) return;
    clearInterval(observing);
    observing = undefined;
    log?.clear();
  };
  const say = (line: string) => {
    log?.clear();
    output.printError(line);
    redraw();
  };
  const emit = (event: KeelsonEvent) => {
    switch (event.type) {
      case "step-started":
        return event.step === "observe" && log !== null ? beginObserving() : undefined;
      case "step-finished":
        return endObserving();
      case "operation-started":
        running.set(event.operation.id, { operation: event.operation, detail: "" });
        return redraw();
      case "operation-progressed": {
        const entry = running.get(event.operationId);
        if (entry !== undefined) entry.detail = `  ${event.message}${share(event)}`;
        return redraw();
      }
      case "operation-finished":
        running.delete(event.operation.id);
        if (isMereStep(event.operation)) return redraw();
        return say(
          `  ${output.styleError("green", "✓")} ${formatOperation(event.operation)} ${output.styleError("dim", seconds(event.elapsedMs))}`,
        );
      case "operation-failed":
        running.delete(event.operation.id);
        return say(
          `  ${output.styleError("red", "✗")} ${formatOperation(event.operation)}: ${failure(event.error)}`,
        );
      case "operation-skipped":
        return say(
          output.styleError("dim", `  - skipped ${formatOperation(event.operation)}: ${event.because}`),
        );
      default:
    }
  };
  const end = () => {
    endObserving();
    log?.clear();
  };
  return { emit, end };
}

function share(event: { done?: number; total?: number }): string {
  if (event.done === undefined || event.total === undefined || event.total === 0) return "";
  return ` ${Math.round((event.done / event.total) * 100)} %`;
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`;
}

function failure(error: unknown): string {
  return `[${codeOf(error)}] ${redact(error instanceof Error ? error.message : String(error))}`;
}
