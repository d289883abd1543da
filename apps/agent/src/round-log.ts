import { type KeelsonEvent, KeelsonError, codeOf, formatError } from "@keelson/model";
import type { Round } from "@keelson/reconcile";
import { formatOperation, formatPlanSummary, formatProblem, isMereStep } from "@keelson/report";

import type { Log, LogEvent } from "./log-event.ts";

/** Logs the plan with what it blocks, and how each operation ended. */
export function logKeelsonEvent(log: Log, event: KeelsonEvent): void {
  switch (event.type) {
    case "orphan-ended": {
      const program = `${event.program} (process ${event.pid})`;
      const message = `ended ${program}: it held the node's lock, and the agent that had started it was killed`;
      return log({
        level: "warn",
        event: "orphan-ended",
        code: "K4025",
        message,
        detail: `${message} [K4025]`,
      });
    }
    case "planned":
      return logPlan(log, event);
    case "operation-finished": {
      if (isMereStep(event.operation)) return;
      const done = `done ${formatOperation(event.operation)}`;
      const elapsedMs = Math.round(event.elapsedMs);
      const { resource } = event.operation;
      return log({
        level: "info",
        event: "operation-done",
        message: done,
        detail: `${done} ${elapsedMs} ms`,
        resource,
        elapsedMs,
      });
    }
    case "operation-failed": {
      const { error, operation } = event;
      const failed = `failed ${formatOperation(operation)}`;
      return log({
        ...describeError(error),
        event: "operation-failed",
        detail: `${failed}: ${operation.resource}\n${formatError(error)}`,
        resource: operation.resource,
        elapsedMs: Math.round(event.elapsedMs),
      });
    }
    case "operation-skipped": {
      const { resource } = event.operation;
      const message = `skipped ${formatOperation(event.operation)}: ${event.because}`;
      return log({ level: "warn", event: "operation-skipped", message, resource });
    }
    default:
  }
}

function logPlan(log: Log, event: Extract<KeelsonEvent, { type: "planned" }>): void {
  const detail = formatPlanSummary(event);
  const message = detail.slice(detail.lastIndexOf("\n") + 1); // the sum
  log({ level: "info", event: "planned", message, detail });
  for (const { resource, code, message, hint } of event.plan.blocked) {
    log({ level: "warn", event: "blocked", code, message, hint, resource, detail: "" }); // the text of the plan has it
  }
}

/** Logs the errors that belong to no operation, and how the round ended. */
export function logRound(log: Log, round: Round): void {
  for (const problem of round.problems) {
    const { code, file, line, column, message, hint } = problem;
    log({
      level: "error",
      event: "problem",
      code,
      message,
      resource: `${file}:${line}:${column}`,
      ...(hint === undefined ? {} : { hint }),
      detail: formatProblem(problem),
    });
  }
  const errors = {
    "round-failed": round.error,
    "status-failed": round.publishError,
  };
  for (const reason of round.target?.because ?? []) {
    if ("error" in reason) logError(log, { event: "source-stale", error: reason.error });
  }
  for (const { resource, error } of round.staging.failures) {
    const detail = `staging ${resource} failed\n${formatError(error)}`;
    log({ ...describeError(error), event: "staging-failed", resource, detail });
  }
  for (const [event, error] of Object.entries(errors)) {
    if (error !== null) logError(log, { event, error });
  }
  const { target } = round.status.source;
  if (target !== undefined && target.mode !== "follow") {
    log({ level: "warn", event: "held", message: `the node ${target.because}` });
  }
  const ready = round.status.conditions.find(({ type }) => type === "Ready");
  const isReady = ready?.status === "true";
  const commit = round.target?.instances?.every.snapshot.commit ?? "";
  const message = `${isReady ? "ready" : "not ready"}: ${ready?.message ?? ""}`;
  log({
    level: isReady ? "info" : "warn",
    event: "round-ended",
    message,
    detail: `${commit.slice(0, 8) || "no revision"} ${message}`,
    ...(commit === "" ? {} : { commit }),
  });
}

export function logError(log: Log, { event, error }: { event: string; error: unknown }): void {
  log({ ...describeError(error), event, detail: formatError(error) });
}

function describeError(error: unknown): Pick<LogEvent, "level" | "code" | "message" | "hint"> {
  const hint = error instanceof KeelsonError ? error.hint : undefined;
  return {
    level: "error",
    code: codeOf(error),
    message: error instanceof Error ? error.message : String(error),
    ...(hint === undefined ? {} : { hint }),
  };
}
