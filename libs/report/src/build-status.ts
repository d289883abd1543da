import { type Status, type StatusError, KeelsonError, codeOf, keelsonVersion, redact } from "@keelson/model";

import { buildInstance } from "./instance-status.ts";
import { buildConditions } from "./status-conditions.ts";
import type { StatusInput } from "./status-input.ts";

/** The node's report, made only from evidence: what could not be seen is `unknown`. */
export function buildStatus(input: StatusInput): Status {
  const instances = (input.desired?.instances ?? []).map((instance) => buildInstance(instance, input));
  const errors = collectErrors(input);
  return {
    v: 1,
    node: { environment: input.reference.environment, name: input.reference.node },
    agent: { version: keelsonVersion },
    observedAt: input.finishedAt.toISOString(),
    source: {
      url: redact(input.source.url),
      branch: input.source.branch,
      observed: input.revision?.commit ?? "",
      attempted: input.plan === null ? "" : (input.revision?.commit ?? ""),
      applied: input.applied?.commit ?? "",
    },
    lockDigest: input.desired?.lockDigest ?? "",
    desiredDigest: input.desired?.digest ?? "",
    appliedDigest: input.applied?.desiredDigest ?? "",
    conditions: buildConditions(input, { instances, errors }),
    operation: buildOperation(input),
    errors,
    instances,
  };
}

function buildOperation(input: StatusInput): Status["operation"] {
  if (input.results.length === 0) return null;
  const count = (outcome: string) => input.results.filter((result) => result.outcome === outcome).length;
  return {
    startedAt: input.startedAt.toISOString(),
    finishedAt: input.finishedAt.toISOString(),
    planned: input.results.length,
    done: count("done"),
    failed: count("failed"),
    skipped: count("skipped"),
  };
}

function collectErrors(input: StatusInput): StatusError[] {
  const problems = input.problems.map((problem) => ({
    code: problem.code,
    resource: `${problem.file}:${problem.line}:${problem.column}`,
    message: problem.message,
    hint: problem.hint ?? "",
    outcome: "stalled" as const,
  }));
  const blocked = ((input.remaining ?? input.plan)?.blocked ?? []).map(
    ({ code, resource, message, hint }) => ({
      code,
      resource,
      message,
      hint,
      outcome: "waiting" as const,
    }),
  );
  const failed = input.results
    .filter(({ outcome }) => outcome === "failed")
    .map(({ operation, error }) => describeError(error, operation.resource));
  const round = [input.revision?.staleBecause ?? null, input.error, input.publishError ?? null]
    .filter((error) => error !== null)
    .map((error) => describeError(error, ""));
  return [...round, ...problems, ...blocked, ...failed];
}

function describeError(error: unknown, resource: string): StatusError {
  return {
    code: codeOf(error),
    resource,
    message: redact(error instanceof Error ? error.message : String(error)),
    hint: error instanceof KeelsonError ? (error.hint ?? "") : "",
    outcome: error instanceof KeelsonError ? error.outcome.kind : "transient",
  };
}
