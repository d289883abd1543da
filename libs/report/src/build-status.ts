import {
  type Condition,
  type DesiredInstance,
  type DesiredNode,
  type DesiredService,
  type InstanceStatus,
  KeelsonError,
  type ObservedContainer,
  type ObservedNode,
  type Operation,
  type PackageState,
  type Plan,
  type Problem,
  type RecordState,
  type Revision,
  type ServiceStatus,
  type Status,
  type StatusError,
  codeOf,
  keelsonVersion,
  redact,
} from "@keelson/model";

export interface StatusInput {
  reference: { environment: string; node: string };
  source: { url: string; branch: string };
  revision: Revision | null;
  desired: DesiredNode | null;
  /** As seen after the round; null when it could not be seen. */
  observed: ObservedNode | null;
  plan: Plan | null;
  /** What is still to be done after the round; null when that is not known. */
  remaining: Plan | null;
  results: { operation: Operation; outcome: "done" | "failed" | "skipped"; error: unknown }[];
  problems: Problem[];
  /** Why the round did not come to its end; null when it did. */
  error: unknown;
  /** Why this report could not be published; null or nothing when it could. */
  publishError?: unknown;
  applied: RecordState["applied"];
  startedAt: Date;
  finishedAt: Date;
}

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
  const round = [input.error, input.publishError ?? null]
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

function buildConditions(
  input: StatusInput,
  on: { instances: readonly InstanceStatus[]; errors: readonly StatusError[] },
): Condition[] {
  const { instances, errors } = on;
  const isKnown = input.observed !== null && input.desired !== null;
  const isInSync = isKnown && input.remaining !== null && instances.every(({ sync }) => sync === "in-sync");
  const isHealthy = instances.every(({ health }) => health === "healthy");
  const isReady = isInSync && isHealthy && errors.length === 0;
  const first = errors[0];
  const stalled = errors.find(({ outcome }) => outcome === "stalled");
  return [
    condition("Ready", isKnown || errors.length > 0 ? isReady : null, {
      reason: isReady ? "Applied" : (first?.code ?? "OutOfSync"),
      message: isReady ? readyMessage(instances.length) : (first?.message ?? "not everything is as desired"),
    }),
    sourceCondition(input.revision),
    condition("Stalled", stalled !== undefined, {
      reason: stalled?.code ?? "None",
      message: stalled?.message ?? "nothing waits for a human",
    }),
    condition("Healthy", isKnown ? isHealthy : null, {
      reason: isKnown ? (isHealthy ? "AllHealthy" : "Unhealthy") : "Unknown",
      message: isKnown ? healthMessage(instances) : "the node could not be observed",
    }),
  ];
}

/** The node is kept at the last revision while Git is away; the report says so. */
function sourceCondition(revision: Revision | null): Condition {
  if (revision === null) {
    return condition("SourceVerified", null, { reason: "Unknown", message: "no revision could be read" });
  }
  const { staleBecause: error } = revision;
  if (error === undefined) {
    return condition("SourceVerified", true, {
      reason: "Read",
      message: "the revision was read from the source",
    });
  }
  return condition("SourceVerified", false, {
    reason: codeOf(error),
    message: redact(error instanceof Error ? error.message : "the last revision is used"),
  });
}

function condition(
  type: Condition["type"],
  status: boolean | null,
  text: { reason: string; message: string },
): Condition {
  return { type, status: status === null ? "unknown" : status ? "true" : "false", ...text };
}

function readyMessage(count: number): string {
  return count === 1 ? "1 instance is as desired" : `${count} instances are as desired`;
}

function healthMessage(instances: readonly InstanceStatus[]): string {
  const bad = instances
    .filter(({ health }) => health !== "healthy")
    .map(({ name, health }) => `${name} is ${health}`);
  return bad.length === 0 ? "every service is healthy" : bad.join(", ");
}

function buildInstance(instance: DesiredInstance, input: StatusInput): InstanceStatus {
  const base = {
    name: instance.name,
    package: `${instance.package.release}/${instance.package.name}`,
    version: instance.package.version,
  };
  if (input.observed === null) {
    return { ...base, state: "unknown", sync: "unknown", health: "unknown", services: [] };
  }
  const { containers } = input.observed;
  const services = instance.services.map((service) =>
    buildService(service, ownContainers(containers, { project: instance.project, service: service.name })),
  );
  return {
    ...base,
    state: packageState(instance, input.observed),
    sync: syncOf(instance, input.remaining),
    health: worstHealth(instance.state === "running" ? services : []),
    services,
  };
}

function ownContainers(
  containers: readonly ObservedContainer[],
  of: { project: string; service: string },
): ObservedContainer[] {
  return containers.filter(
    (each) => each.ownership === "ours" && each.project === of.project && each.service === of.service,
  );
}

function buildService(service: DesiredService, containers: readonly ObservedContainer[]): ServiceStatus {
  const [first] = containers;
  return {
    name: service.name,
    image: { want: service.image, have: first?.image ?? "" },
    digest: { want: service.digest, have: first?.digest ?? "" },
    state: first?.state ?? "absent",
    health: serviceHealth(service, containers),
  };
}

/** Without a health check, running is all that can be said; a one-shot is healthy once it has exited 0. */
function serviceHealth(
  service: DesiredService,
  containers: readonly ObservedContainer[],
): InstanceStatus["health"] {
  if (containers.length < service.replicas) return "unhealthy";
  const healths = containers.map((container): InstanceStatus["health"] => {
    if (service.oneShot && container.state === "exited")
      return container.exitCode === 0 ? "healthy" : "unhealthy";
    if (container.state !== "running") return "unhealthy";
    if (container.health === "none") return "healthy";
    return container.health;
  });
  return worst(healths);
}

function worstHealth(services: readonly ServiceStatus[]): InstanceStatus["health"] {
  return worst(services.map(({ health }) => health));
}

function worst(healths: readonly InstanceStatus["health"][]): InstanceStatus["health"] {
  const order = ["unhealthy", "unknown", "starting", "healthy"] as const;
  return order.find((health) => healths.includes(health)) ?? "healthy";
}

function packageState(instance: DesiredInstance, observed: ObservedNode): PackageState {
  const containers = observed.containers.filter(
    (each) => each.ownership === "ours" && each.project === instance.project,
  );
  if (containers.some(({ state }) => state === "running" || state === "restarting")) return "running";
  if (containers.length > 0) return "installed";
  const hasFiles = observed.storedInstances.some((stored) => stored.instance === instance.name);
  return hasFiles ? "staged" : "absent";
}

function syncOf(instance: DesiredInstance, remaining: Plan | null): InstanceStatus["sync"] {
  if (remaining === null) return "unknown";
  const open = [...remaining.operations, ...remaining.blocked].map(({ resource }) =>
    resource.slice(resource.indexOf(":") + 1),
  );
  const isOpen = open.some(
    (name) =>
      name === instance.project ||
      name.startsWith(`${instance.project}/`) ||
      name.startsWith(`${instance.project}_`),
  );
  return isOpen ? "out-of-sync" : "in-sync";
}
