import {
  type DesiredNode,
  type ObservedNode,
  type Plan,
  type Problem,
  type RecordState,
  type Revision,
  type Status,
} from "@keelson/model";
import { type PlanPolicy, findCopies, orderInstances, planChanges } from "@keelson/plan";
import type { NodeReference, RenderResult } from "@keelson/render";
import { buildStatus } from "@keelson/report";

import { type OperationResult, applyPlan } from "./apply-plan.ts";
import type { EngineRequest, Ports, ReadPorts } from "./ports.ts";
import { readDesired } from "./read-desired.ts";
import { type StepTimer, newStepTimer } from "./step.ts";

export interface RoundOptions {
  reference: NodeReference;
  /** For the status: where the revision came from, credentials left out. */
  source: { url: string; branch: string };
  agentVersion: string;
  signal: AbortSignal;
}

/** Everything a round found out. What was not reached is null. */
export interface PlannedRound {
  revision: Revision | null;
  rendered: RenderResult | null;
  desired: DesiredNode | null;
  observed: ObservedNode | null;
  plan: Plan | null;
  policy: PlanPolicy;
  problems: Problem[];
}

export interface Round extends PlannedRound {
  results: OperationResult[];
  /** What stopped the round: Git, engine or store could not be read. */
  error: unknown;
  status: Status;
}

/** The path up to the plan: reads everything and changes nothing. Throws what cannot be read. */
export async function planOnce(
  ports: ReadPorts,
  options: Pick<RoundOptions, "reference">,
): Promise<PlannedRound> {
  const round = emptyRound();
  await planInto(round, { ports, options, step: newStepTimer(ports.emit) });
  return round;
}

/** One round: brings the node to the commit and reports. Never throws for what a user or the outside world did. */
export async function reconcileOnce(ports: Ports, options: RoundOptions): Promise<Round> {
  const step = newStepTimer(ports.emit);
  const round = { ...emptyRound(), results: [] as OperationResult[], error: null as unknown };
  const startedAt = ports.now();
  let left: { observed: ObservedNode; plan: Plan } | null = null;
  try {
    await planInto(round, { ports, options, step });
    left = await applyInto(round, { ports, options, step });
  } catch (error) {
    round.error = error;
  }
  const status = buildStatus({
    ...round,
    ...options,
    observed: left?.observed ?? (round.results.length > 0 ? null : round.observed),
    remaining: left?.plan ?? round.plan,
    applied: ports.record.readState().applied,
    startedAt,
    finishedAt: ports.now(),
  });
  await step("report", async () => ports.publishStatus(status));
  return { ...round, status };
}

function emptyRound(): PlannedRound {
  return {
    revision: null,
    rendered: null,
    desired: null,
    observed: null,
    plan: null,
    policy: { allowMassRemoval: false },
    problems: [],
  };
}

interface RoundContext<P> {
  ports: P;
  options: Pick<RoundOptions, "reference">;
  step: StepTimer;
}

async function planInto(round: PlannedRound, context: RoundContext<ReadPorts>): Promise<void> {
  const { ports, options, step } = context;
  round.revision = await step("fetch", async () => ports.fetchRevision());
  const read = await readDesired(round.revision, { reference: options.reference, ports, step });
  Object.assign(round, { rendered: read.rendered, desired: read.desired, problems: read.problems });
  if (read.problems.length > 0) ports.emit({ type: "problems-found", problems: read.problems });
  if (read.desired === null) return;
  const desired = read.desired;
  round.observed = await step("observe", async () => observeNode(desired, ports));
  const observed = round.observed;
  const policy = readPolicy(
    read.repository.environments.get(options.reference.environment)?.environment.value.policy,
  );
  round.plan = await step("plan", async () =>
    planChanges({ desired, observed, record: ports.record.readState(), policy: round.policy }),
  );
  ports.emit({ type: "planned", plan: round.plan });
}

async function observeNode(
  desired: DesiredNode,
  ports: Pick<ReadPorts, "observeEngine" | "observeStore">,
): Promise<ObservedNode> {
  const [engine, store] = await Promise.all([ports.observeEngine(requestFor(desired)), ports.observeStore()]);
  return { ...engine, ...store };
}

/** All that a plan for this desired state has to know of the engine. */
export function requestFor(desired: DesiredNode): EngineRequest {
  const { environment, instances } = desired;
  return {
    environment,
    projects: instances.map(({ project }) => project),
    images: [...new Set(instances.flatMap(({ services }) => services.map(({ image }) => image)))],
    networks: instances.flatMap(({ networks }) => networks.map(({ name }) => name)),
    volumes: instances.flatMap(({ volumes }) => volumes.map(({ name }) => name)),
    ports: instances.flatMap(({ project, services }) =>
      services.flatMap(({ name, ports }) => ports.map((port) => ({ project, service: name, port }))),
    ),
  };
}

/** Applies the plan; returns what is observed afterwards and what is still to do. */
async function applyInto(
  round: PlannedRound & { results: OperationResult[] },
  context: RoundContext<Ports> & { options: RoundOptions },
): Promise<{ observed: ObservedNode; plan: Plan } | null> {
  const { ports, options, step } = context;
  const { desired, observed, plan, revision } = round;
  if (desired === null || observed === null || plan === null || revision === null) return null;
  if (plan.operations.length === 0) {
    remember(ports, { desired, observed, plan, commit: revision.commit });
    return { observed, plan };
  }
  const startedAt = ports.now().toISOString();
  const journal = ports.record.beginRound({
    commit: revision.commit,
    planned: plan.operations.length,
    startedAt,
  });
  round.results = await step("apply", async () =>
    applyPlan(plan, {
      desired,
      operations: ports.operations,
      journal,
      emit: ports.emit,
      signal: options.signal,
    }),
  );
  const isDone = round.results.every(({ outcome }) => outcome === "done");
  const after = await step("observe", async () => observeNode(desired, ports));
  remember(ports, { desired, observed: after, plan: isDone ? plan : null, commit: revision.commit });
  journal.finish(isDone ? "applied" : "failed");
  return {
    observed: after,
    plan: planChanges({ desired, observed: after, record: ports.record.readState(), policy }),
  };
}

/** Writes what changed in the node's memory; nothing when nothing did. `plan` is null when it was not applied wholly. */
function remember(
  ports: Ports,
  done: { desired: DesiredNode; observed: ObservedNode; plan: Plan | null; commit: string },
): void {
  const { desired, observed, plan, commit } = done;
  const before = ports.record.readState();
  const copies = findCopies(desired, { observed, record: before });
  const containers = Object.fromEntries(
    observed.containers
      .filter(({ id, ownership }) => ownership === "ours" && !copies.has(id))
      .map(({ id, project, service }) => [id, { project, service }]),
  );
  if (!isSameJson(before.containers, containers)) ports.record.saveContainers(containers);
  const parts = appliedParts(desired, { observed, before });
  if (!isSameJson(before.serviceParts, parts)) ports.record.saveServiceParts(parts);
  if (plan === null || plan.blocked.length > 0) return;
  const { digest: desiredDigest, lockDigest } = desired;
  const isSame = before.applied?.commit === commit && before.applied.desiredDigest === desiredDigest;
  if (isSame) return;
  const instanceOrder = orderInstances(desired.instances).map(({ name }) => name);
  ports.record.saveApplied({
    commit,
    desiredDigest,
    lockDigest,
    appliedAt: ports.now().toISOString(),
    instanceOrder,
  });
}

/** Parts of those services that have what is desired; the others keep what was applied to them. */
function appliedParts(
  desired: DesiredNode,
  on: { observed: ObservedNode; before: RecordState },
): RecordState["serviceParts"] {
  const parts: RecordState["serviceParts"] = {};
  for (const { project, services } of desired.instances) {
    for (const service of services) {
      const key = `${project}/${service.name}`;
      const isApplied = on.observed.containers.some(
        (each) =>
          each.project === project &&
          each.service === service.name &&
          each.digest === service.digest &&
          each.ownership === "ours",
      );
      const known = isApplied ? service.parts : on.before.serviceParts[key];
      if (known !== undefined) parts[key] = known;
    }
  }
  return parts;
}

function isSameJson(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const text = (value: Record<string, unknown>) =>
    JSON.stringify(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}
