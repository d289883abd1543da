import { type Emit, type KeelsonEvent, type Operation, codeOf, redact } from "@keelson/model";
import { createLogUpdate } from "log-update";

import type { Output } from "../output.ts";

const verbs: Record<Operation["kind"], string> = {
  "pull-image": "pulling",
  "create-network": "creating",
  "remove-network": "removing",
  "create-volume": "creating",
  "place-files": "placing",
  "remove-files": "removing",
  "record-files": "noting",
  "create-containers": "creating",
  "start-service": "starting",
  "restart-container": "restarting",
  "signal-container": "signalling",
  "exec-in-container": "running a command in",
  "await-service": "waiting for",
  "remove-container": "removing",
  "stop-container": "stopping",
  "rename-container": "renaming",
};

/** Operations that are only steps between others: shown while they run, not when they are done. */
const quietKinds = new Set<Operation["kind"]>(["record-files", "start-service", "remove-files"]);

/** Shows what is being done: a live list on a terminal, a line per finished operation elsewhere. */
export function showProgress(output: Output): { emit: Emit; end: () => void } {
  const log = output.isLive ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  const running = new Map<string, { operation: Operation; detail: string }>();
  const redraw = () =>
    log?.([...running.values()].map((each) => `  … ${describe(each.operation)}${each.detail}`).join("\n"));
  const say = (line: string) => {
    log?.clear();
    output.printError(line);
    redraw();
  };
  const emit = (event: KeelsonEvent) => {
    switch (event.type) {
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
        if (quietKinds.has(event.operation.kind)) return redraw();
        return say(
          `  ${output.styleError("green", "✓")} ${describe(event.operation)} ${output.styleError("dim", seconds(event.elapsedMs))}`,
        );
      case "operation-failed":
        running.delete(event.operation.id);
        return say(
          `  ${output.styleError("red", "✗")} ${describe(event.operation)}: ${failure(event.error)}`,
        );
      case "operation-skipped":
        return say(output.styleError("dim", `  - skipped ${describe(event.operation)}: ${event.because}`));
      default:
    }
  };
  return { emit, end: () => log?.clear() };
}

function describe(operation: Operation): string {
  return `${verbs[operation.kind]} ${operation.resource.slice(operation.resource.indexOf(":") + 1)}`;
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
