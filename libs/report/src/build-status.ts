import {
  type Condition,
  type ObservedNode,
  type RecordState,
  type Status,
  type StatusError,
  KeelsonError,
  codeOf,
  compareText,
  keelsonVersion,
  redact,
  shortId,
} from "@keelson/model";

import { findHealthErrors } from "./health-error.ts";
import { buildHeldInstances } from "./held-instance.ts";
import { findJobErrors } from "./job-status.ts";
import { buildInstance } from "./instance-status.ts";
import { buildRemovedInstances } from "./removed-instance.ts";
import { formatBecause } from "./target-text.ts";
import { quotedInLine } from "./said-text.ts";
import { describeAllRestless, withoutRests } from "./restless-error.ts";
import { describeSkipped } from "./skipped-work.ts";
import { buildConditions } from "./status-conditions.ts";
import type { StatusInput } from "./status-input.ts";

/**
 * The node's report, made only from evidence: what could not be seen is `unknown`. Since when something holds, and the
 * last operation, are taken over from the report before. It gets its number when it is published, and its next try
 * from the loop.
 */
export function buildStatus(input: StatusInput): Status {
  const present = [
    ...(input.desired?.instances ?? []).map((instance) => buildInstance(instance, input)),
    ...buildHeldInstances(input),
  ];
  const removed = buildRemovedInstances(
    input,
    present.map(({ name }) => name),
  );
  const instances = [...present, ...removed].sort((a, b) => compareText(a.name, b.name));
  const errors = collectErrors(input);
  const observedAt = input.finishedAt.toISOString();
  const applied = describeApplied(input);
  const chosen = input.target?.instances?.every;
  const volumes = input.volumes === undefined ? input.last?.volumes : listVolumes(input.volumes);
  const suspended = input.suspension === undefined ? input.last?.suspended : (input.suspension ?? undefined);
  const made = input.observed === null ? input.last?.made : listMade(input.observed);
  return {
    v: 1,
    seq: input.last?.seq ?? 0,
    node: {
      environment: input.reference.environment,
      name: input.reference.node,
      ...(typeof input.recipient === "string" ? { age: input.recipient } : {}),
    },
    agent: { version: keelsonVersion, bootId: input.bootId },
    observedAt,
    heartbeatSeconds: input.heartbeatSeconds,
    source: {
      url: redact(input.source.url),
      branch: input.source.branch,
      observed: input.shown ?? chosen?.snapshot.commit ?? "",
      attempted: input.plan === null ? "" : (chosen?.snapshot.commit ?? ""),
      applied: applied.commit,
      ...(chosen === undefined
        ? {}
        : { target: { mode: chosen.mode, because: formatBecause(chosen, input.source) } }),
    },
    ...(suspended === undefined ? {} : { suspended }),
    lockDigest: input.desired?.lockDigest ?? "",
    desiredDigest: input.desired?.digest ?? "",
    appliedDigest: applied.digest,
    conditions: buildConditions(input, { instances, errors, suspended }).map((condition) => ({
      ...condition,
      since: input.last?.conditions.find((before) => isSameCondition(before, condition))?.since ?? observedAt,
    })),
    operation: buildOperation(input) ?? input.last?.operation ?? null,
    retry: null,
    errors: errors.map((error) => ({
      ...error,
      since: input.last?.errors.find((before) => isSameError(before, error))?.since ?? observedAt,
    })),
    instances,
    ...(made === undefined ? {} : { made }),
    ...(volumes === undefined ? {} : { volumes }),
    omitted: { errors: 0, instances: 0, services: 0 },
  };
}

/** What cannot be read has not gone back: the report before tells it. */
function describeApplied({ applied, last }: StatusInput): { commit: string; digest: string } {
  return applied === undefined
    ? { commit: last?.source.applied ?? "", digest: last?.appliedDigest ?? "" }
    : { commit: applied?.commit ?? "", digest: applied?.desiredDigest ?? "" };
}

function listMade({ containers, networks }: ObservedNode): string[] {
  const own = [...containers, ...networks].filter(({ ownership }) => ownership === "ours");
  return own.map(({ id }) => shortId(id)).sort();
}

function listVolumes(volumes: RecordState["volumes"]): Status["volumes"] {
  const known = Object.entries(volumes);
  return Object.fromEntries(
    known.map(([name, { users, state }]) => [name, state === "given-up" ? [] : [...users]]),
  );
}

function isSameCondition(a: Omit<Condition, "since">, b: Omit<Condition, "since">): boolean {
  return a.type === b.type && a.status === b.status;
}

function isSameError(a: Omit<StatusError, "since">, b: Omit<StatusError, "since">): boolean {
  return a.code === b.code && a.resource === b.resource;
}

function buildOperation(input: StatusInput): Status["operation"] {
  if (input.results.length === 0) return null;
  const count = (outcome: string) => input.results.filter((result) => result.outcome === outcome).length;
  return {
    trigger: input.trigger,
    startedAt: input.startedAt.toISOString(),
    finishedAt: input.finishedAt.toISOString(),
    planned: input.results.length,
    done: count("done"),
    failed: count("failed"),
    skipped: count("skipped"),
    seconds: Object.fromEntries(
      Object.entries(input.times).map(([step, ms]) => [step, Math.round(ms) / 1000]),
    ),
  };
}

function collectErrors(input: StatusInput): Omit<StatusError, "since">[] {
  const { hideValues } = input;
  const problems = input.problems.map((problem) => ({
    code: problem.code,
    resource: `${problem.file}:${problem.line}:${problem.column}`,
    message: problem.message,
    hint: problem.hint ?? "",
    outcome: problem.outcome ?? ("stalled" as const),
  }));
  const blocked = ((input.remaining ?? input.plan)?.blocked ?? []).map(
    ({ outcome = "waiting" as const, ...rest }) => ({ ...rest, outcome }),
  );
  const failed = input.results
    .filter(({ outcome }) => outcome === "failed")
    .map(({ operation, error }) => {
      const told = describeError(error, { resource: operation.resource, hideValues });
      return { ...told, message: `${told.message}${describeSkipped(operation, input.results)}` };
    });
  const kept = input.kept.map(({ code, resource, message, hint, outcome }) => ({
    code,
    resource,
    message,
    hint,
    outcome,
  }));
  const failing = new Set([...failed, ...kept].map(({ resource }) => resource));
  const restless = describeAllRestless(input, failing);
  const ending = new Set(input.restless.map(({ resource }) => resource));
  const held = (input.target?.because ?? []).flatMap((reason) => ("error" in reason ? [reason.error] : []));
  const round = [...held, input.error]
    .filter((error) => error !== null)
    .map((error) => describeError(error, { resource: "", hideValues }));
  const unstaged = input.staging.failures.map(({ resource, error }) =>
    describeError(error, { resource, hideValues }),
  );
  const jobs = findJobErrors(input);
  const told = [
    ...round,
    ...problems,
    ...unstaged,
    ...withoutRests(blocked, ending),
    ...failed,
    ...kept,
    ...restless,
  ];
  const known = new Set([...told, ...jobs].map(({ resource }) => resource));
  // What an operation met of a service says more than that the service is not well.
  const unwell = (
    input.desired === null || input.observed === null
      ? []
      : findHealthErrors(input.desired, input.observed, input.applied)
  ).filter(({ resource }) => !known.has(resource));
  // Half a character, which YAML can write, stands in no canonical JSON (RFC 8785, 3.2.2.2).
  const clean = (text: string) => hideValues(text).toWellFormed();
  // The first stands for all: a service that is down now goes before a run that is over.
  return [...told, ...unwell, ...jobs].map((error) => ({
    ...error,
    resource: error.resource.toWellFormed(),
    message: clean(error.message),
    hint: clean(error.hint),
  }));
}

function describeError(
  error: unknown,
  { resource, hideValues }: { resource: string } & Pick<StatusInput, "hideValues">,
): Omit<StatusError, "since"> {
  const [message = "", ...causes] = findMessages(error);
  return {
    code: codeOf(error),
    resource,
    message: `${redact(message)}${quotedInLine(hideValues(redact(causes.join("\n"))))}`,
    hint: error instanceof KeelsonError ? (error.hint ?? "") : "",
    outcome: error instanceof KeelsonError ? error.outcome.kind : "transient",
  };
}

/** As many links as an error is printed with. */
const mostLinks = 8;

/** What an error says, and then its causes: what Compose, an engine or a program said. None repeats the one before. */
function findMessages(error: unknown): string[] {
  const messages: string[] = [];
  let link = error;
  for (let depth = 0; depth < mostLinks && link !== undefined && link !== null; depth++) {
    const said = link instanceof Error ? link.message : describeThrown(link);
    if (messages.at(-1)?.includes(said) !== true) messages.push(said);
    link = link instanceof Error ? link.cause : undefined;
  }
  return messages;
}

function describeThrown(thrown: unknown): string {
  return typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? String(thrown));
}
