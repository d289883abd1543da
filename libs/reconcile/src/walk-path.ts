import {
  type DesiredNode,
  type ObservedNode,
  type Plan,
  type Problem,
  type RenderedNode,
  type Repository,
  type SourceFiles,
  type StagingOutcome,
  type Suspension,
  type Target,
  nothingStaged,
} from "@keelson/model";
import { type PlanPolicy, planChanges } from "@keelson/plan";
import {
  type NodeReference,
  type RenderResult,
  buildDesired,
  renderFiles,
  withSecretUsers,
} from "@keelson/render";

import type { ReleaseDigests } from "./digest-fault.ts";
import { tellIgnored } from "./ignored-file.ts";
import { observeNode } from "./observe-node.ts";
import type { OperationResult } from "./operation-attempt.ts";
import { withRests } from "./plan-now.ts";
import type { DesiredPorts, ReadPorts } from "./ports.ts";
import { readSnapshot } from "./read-snapshot.ts";
import type { Restlessness } from "./restlessness.ts";
import { resolveModels } from "./resolve-models.ts";
import { type StepTimes, newStepTimer } from "./step.ts";
import { toldOnce } from "./told-once.ts";

/** What a walk along the path has found so far. What it has not reached is null. */
export interface Walk {
  target: Target | null;
  /** Why a person withholds action; null when nobody does, undefined while that is not known. */
  suspension: Suspension | null | undefined;
  /** The commit that the tracked branch is at; null when it was not asked or could not be. */
  shown: string | null;
  repository: Repository | null;
  /** Files of the releases that the lock names, as Git has them. */
  releaseFiles: SourceFiles | null;
  releaseDigests: ReleaseDigests | null;
  settings: RenderResult["settings"];
  rendered: RenderedNode | null;
  desired: DesiredNode | null;
  observed: ObservedNode | null;
  plan: Plan | null;
  staging: StagingOutcome;
  results: OperationResult[];
  /** How long, at the end of the apply, only waits were left. */
  waitedMs: number;
  /** What ends again and again, as it was seen at the end. */
  restless: Restlessness[];
  /** What is still to be done after the plan was applied; null when nothing was tried or it cannot be seen. */
  remaining: Plan | null;
  /** Of the commit. With a desired state, they are only of instances that it holds, or that are to be absent. */
  problems: Problem[];
  times: StepTimes;
}

export function newWalk(times: StepTimes = {}): Walk {
  return {
    target: null,
    suspension: undefined,
    shown: null,
    repository: null,
    releaseFiles: null,
    releaseDigests: null,
    settings: new Map(),
    rendered: null,
    desired: null,
    observed: null,
    plan: null,
    staging: nothingStaged,
    results: [],
    waitedMs: 0,
    restless: [],
    remaining: null,
    problems: [],
    times,
  };
}

export type WalkInput = { reference: NodeReference; target: Target } & (
  | { until: "desired"; ports: DesiredPorts }
  | { until: "plan"; ports: ReadPorts }
);

/**
 * Walks the path of the data from the target to the desired state or the plan, step by step. `walkToTarget` chooses the
 * target before it, and `reconcileOnce` goes on after it. Each instance goes as far as it can, so that no problem hides
 * another. Stops before the observation where problems leave no desired state. Throws errors of Git, Compose, the engine and the
 * store: `walk` then has what was found before. A target without a commit ends the walk at once.
 */
export async function walkPath(walk: Walk, input: WalkInput): Promise<void> {
  const { reference, target, ports } = input;
  const step = newStepTimer(ports.emit, walk.times);

  walk.target = target;
  const { instances } = target;
  if (instances === null) return;
  const tell = async (problems: readonly Problem[]) => {
    walk.problems = toldOnce(await tellIgnored(problems, instances.every.snapshot));
    if (walk.problems.length > 0) ports.emit({ type: "problems-found", problems: walk.problems });
  };
  const read = await step("read", async () => readSnapshot(instances.every.snapshot, reference));
  walk.repository = read.repository;
  walk.releaseFiles = read.releaseFiles;
  walk.releaseDigests = read.releaseDigests;
  const { unopened, rendered, unrendered, settings, missing, ...render } = await step("render", async () => {
    const found = renderFiles(read.repository, reference);
    // What cannot be read is not nothing: the values of before stay known.
    const isKnown =
      found.rendered !== null && read.problems.every((problem) => problem.instances !== undefined);
    return { ...found, unopened: isKnown ? await ports.secrets.openSealed(found.sealed) : [] };
  });
  Object.assign(walk, { rendered, settings });
  // A document that cannot be read is why there is no such node.
  if (rendered === null) return tell(read.problems.length > 0 ? read.problems : render.problems);
  const unexplained = missing.filter((each) => !read.problems.some((other) => explains(other, each)));
  const resolve = await step("resolve", async () => resolveModels({ rendered, unrendered }, ports));
  const { models, error } = resolve;
  const found = [
    ...read.problems,
    ...unexplained,
    ...withSecretUsers(unopened, { rendered, unrendered }),
    ...render.problems,
    ...resolve.problems,
  ];
  const { desired, problems } = await step("build", async () =>
    buildDesired(rendered, { models, problems: found, secrets: ports.secrets, repository: read.repository }),
  );
  await tell(problems);
  // With a problem of the whole commit nothing comes of an instance, and its error says nothing more.
  if (error !== null && (desired !== null || problems.length === 0)) throw error;
  if (desired === null) return;
  walk.desired = desired;
  if (input.until === "desired") return;

  const observed = (walk.observed = await step("observe", async () => observeNode(desired, input.ports)));
  const { waits, allow, now } = input.ports;
  const record = ports.record.readState();
  const permitted = policyOf(walk, { ...reference, waits, allow });
  const policy = withRests(permitted, { desired, observed, record, at: now() });
  const plan = (walk.plan = await step("plan", async () =>
    planChanges({ desired, observed, record, policy }),
  ));
  ports.emit({ type: "planned", plan, desired });
}

/** Whether one problem may be why there is another. */
function explains({ instances }: Problem, { instances: others }: Problem): boolean {
  return instances === undefined || others?.some((name) => instances.includes(name)) === true;
}

/** The policy of a plan: what environment and node permit, and how long the node waits. */
export function policyOf(
  { repository, rendered }: Pick<Walk, "repository" | "rendered">,
  { environment, waits, allow }: Pick<NodeReference, "environment"> & Pick<PlanPolicy, "waits" | "allow">,
): PlanPolicy {
  const document = repository?.environments.get(environment)?.environment.value;
  const allowMassRemoval = document?.policy.allowMassRemoval ?? false;
  return { allowMassRemoval, partial: rendered?.partial ?? false, allow, waits };
}
