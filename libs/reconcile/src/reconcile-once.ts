import { type KeelsonEvent, type ObservedNode, type Plan, required } from "@keelson/model";
import { isHold } from "@keelson/plan";
import { isAllHealthy } from "@keelson/report";

import { waitedMs } from "./apply-plan.ts";
import { isSuspended } from "./choose-target.ts";
import { type BegunStatus, nothingBegun, reportBegun } from "./begun-status.ts";
import { errorOf, settle } from "./error-of.ts";
import { applyAndHeal } from "./heal-meanwhile.ts";
import { type KeptWait, findKeptWait } from "./kept-wait.ts";
import { observeNode } from "./observe-node.ts";
import { planNow } from "./plan-now.ts";
import type { DesiredPorts, NodePorts, Ports, ReadPorts } from "./ports.ts";
import { describeRestless } from "./restlessness.ts";
import { noteCrashes, rememberRound, rememberUse } from "./remember.ts";
import type { RoundOutcome, StatusOptions } from "./round-outcome.ts";
import { type RoundStatus, describeUnpublished, reportRound } from "./round-status.ts";
import { type JobState, accountForJobs, keepJobs, stopOverdueRuns } from "./scheduled-jobs.ts";
import { noteLastGood, stageReleases } from "./stage-releases.ts";
import { newStepTimer } from "./step.ts";
import { type Walk, type WalkInput, newWalk, policyOf, walkPath } from "./walk-path.ts";
import { walkToTarget } from "./walk-to-target.ts";

export interface RoundOptions extends StatusOptions {
  signal: AbortSignal;
  /** Aborted when a newer revision makes waiting useless; never unless given. */
  waiting?: AbortSignal;
}

export interface Round extends Walk, RoundStatus {
  /** The error of Git, the engine, the store or the node's own files that ended the walk; null when nothing did. */
  error: unknown;
  /** What runs by a schedule, and when; undefined when the record could not be read. */
  jobs: readonly JobState[] | undefined;
}

/**
 * Runs one round: walks the path to the plan, applies it, observes again, saves the memory and says the status.
 * Problems and errors of the outside world are in the result.
 */
export async function reconcileOnce(node: NodePorts, options: RoundOptions): Promise<Round> {
  const { reference } = options;
  const startedAt = node.now();
  const walk = newWalk();
  let applied: RoundOutcome["applied"];
  let volumes: RoundOutcome["volumes"];
  let folders: RoundOutcome["folders"];
  let jobs: JobState[] | undefined;
  let hideValues = (text: string) => text;
  let begun: BegunStatus = nothingBegun;
  let keptWait: KeptWait | null = null;
  const foundSoFar = () => ({
    ...walk,
    keptWait,
    times: splitTimes(walk),
    applied,
    volumes,
    folders,
    jobs,
    hideValues,
    startedAt,
    finishedAt: node.now(),
  });
  const onWork = async (observe: () => Promise<ObservedNode>) => {
    begun = await reportBegun(node, {
      outcome: { ...foundSoFar(), remaining: walk.plan, error: null },
      options,
      observe,
    });
    return begun;
  };
  let opened: Ports | undefined;
  const walked = await errorOf(async () => {
    const suspension = (walk.suspension = await node.readSuspension());
    const ports = (opened = await node.openPorts());
    hideValues = ports.secrets.hideValues;
    ({ applied, volumes, folders } = ports.record.readState());
    jobs = await accountForJobs(ports);
    try {
      await walkToTarget(walk, { reference, suspension, ports });
    } finally {
      // Also where the engine cannot be asked: it disturbs nothing.
      const stage = async () => stageReleases(walk, { ports, ...reference });
      walk.staging = await newStepTimer(node.emit, walk.times)("stage", stage);
    }
    const commit = walk.target?.instances?.every.snapshot.commit;
    if (walk.plan !== null && commit !== undefined) {
      const { value: last } = await settle(async () => node.readStatus(), null);
      const { keepsUpToMs = null } = options.retry ?? {};
      keptWait = findKeptWait(walk.plan, { last, commit, keepsUpToMs, now: node.now() });
    }
    await applyWalk(walk, { ports, onWork, keptWait, ...options });
    ({ applied, volumes, folders } = ports.record.readState());
  });
  // Jobs go on by what is applied, also where a commit cannot be.
  const accounted = await errorOf(async () => {
    if (opened === undefined) return;
    await stopOverdueRuns(opened);
    jobs = await accountForJobs(opened);
  });
  const error = walked ?? accounted;
  await begun.end();
  const outcome = { ...foundSoFar(), error };
  const { before } = begun;
  const step = newStepTimer(node.emit, walk.times);
  const said = await step("report", async () => reportRound(node, { outcome, options, before }));
  return { ...walk, error, jobs, ...said };
}

/** Takes the time that was only waiting for health out of the time of the apply. */
function splitTimes({ times, waitedMs: health }: Walk): RoundOutcome["times"] {
  return times.apply === undefined ? times : { ...times, apply: times.apply - health, health };
}

/** Says that the round has work to do. */
type OnWork = (observe: () => Promise<ObservedNode>) => Promise<BegunStatus>;

/**
 * Applies the plan of a walk, unless action is withheld, and saves only what is observed afterwards. With an empty plan it writes nothing but a
 * new commit. The journal's round stays open until the memory is saved: what an open round made is not in the memory
 * yet.
 */
async function applyWalk(
  walk: Walk,
  {
    ports,
    onWork,
    keptWait,
    reference,
    signal,
    waiting = new AbortController().signal,
  }: { ports: Ports; onWork: OnWork; keptWait: KeptWait | null } & Pick<
    RoundOptions,
    "reference" | "signal" | "waiting"
  >,
): Promise<void> {
  const { desired, plan, target } = walk;
  const commit = target?.instances?.every.snapshot.commit;
  if (target === null || commit === undefined || desired === null || plan === null) return;
  const before = required(walk.observed, "what was observed");
  noteCrashes(ports, before);
  if (isSuspended(target)) {
    walk.restless = await describeRestless({ desired, before, observed: before }, ports);
    walk.remaining = plan;
    return;
  }
  const step = newStepTimer(ports.emit, walk.times);
  const now = () => ports.now().toISOString();
  const dueOf = (all: Plan) => (keptWait === null ? all : keptWait.withoutIt(all));
  const due = dueOf(plan);
  const isIdle = due.operations.length === 0;
  const roundId = isIdle ? null : ports.record.beginRound({ commit, startedAt: now() });
  const policy = policyOf(walk, { ...reference, waits: ports.waits, allow: ports.allow });
  const replan = async () => {
    const observed = await observeNode(desired, ports);
    noteCrashes(ports, observed);
    return dueOf(planNow({ desired, observed, policy }, ports));
  };
  if (roundId !== null) {
    walk.restless = await describeRestless({ desired, before, observed: before }, ports);
    rememberUse(ports, { desired, observed: before });
    const begun = await onWork(async () => observeNode(desired, ports));
    const emit = (event: KeelsonEvent) => {
      ports.emit(event);
      if (event.type === "operation-finished") begun.noteChange();
    };
    walk.observed = null; // from here on it is out of date
    const { results, healed } = await step("apply", async () =>
      applyAndHeal(due, { desired, ports: { ...ports, emit }, roundId, signal, waiting, replan }),
    );
    walk.waitedMs = waitedMs(results);
    walk.results = [...results, ...healed];
    walk.observed = await step("observe", async () => observeNode(desired, ports));
  }
  const observed = required(walk.observed, "what was observed");
  const isDone = walk.results.every(({ outcome }) => outcome === "done");
  noteCrashes(ports, observed);
  // What never came up was not applied, however often nothing is left to be done for it.
  walk.restless = await describeRestless({ desired, before, observed }, ports);
  const isCalm = walk.restless.length === 0 && isAllHealthy(desired, observed);
  const isAllDue = plan.operations.every((each) => due.operations.includes(each));
  // What is held is not applied, and with it not the commit.
  const isFollowed = isDone && isAllDue && plan.blocked.every(isHold) && isCalm;
  const reached = !isFollowed ? "none" : plan.blocked.length === 0 ? "commit" : "part";
  rememberRound(ports, { desired, observed, commit, reached });
  if (reached === "commit") walk.staging = await noteLastGood(ports, walk.staging);
  if (roundId !== null) {
    ports.record.finishRound({ roundId, finishedAt: now(), result: isDone ? "done" : "failed" });
  }
  ports.record.closeInterrupted(now()); // what a killed predecessor left open is settled by what was seen
  walk.remaining = isIdle ? plan : planNow({ desired, observed, policy }, ports);
  const { applied } = ports.record.readState();
  await keepJobs(ports, { desired, remaining: walk.remaining, applied });
}

/**
 * The result of a round that could not begin, because another round has the lock or others could change the node's
 * files. Its status is neither written nor published.
 */
export function describeUnbegun(
  error: unknown,
  options: RoundOptions & { at: Date; suspension: Walk["suspension"] },
): Round {
  const { at, suspension } = options;
  const walk = { ...newWalk(), suspension };
  const outcome = { ...walk, keptWait: null, error, applied: null, startedAt: at, finishedAt: at };
  const hideValues = (text: string) => text;
  return { ...walk, error, jobs: undefined, ...describeUnpublished({ ...outcome, hideValues }, options) };
}

/**
 * Says the status of a round that crashed or was killed, with the commit that it had read. Opens neither the secrets
 * nor the record, since one of them may have ended that round.
 */
export async function reportLost(
  node: NodePorts,
  { error, commit, options }: { error: unknown; commit: string | null; options: RoundOptions },
): Promise<Round> {
  const walk = newWalk();
  const at = node.now();
  const hideValues = (text: string) => text;
  const outcome = {
    ...walk,
    keptWait: null,
    shown: commit,
    error,
    applied: undefined,
    hideValues,
    startedAt: at,
    finishedAt: at,
  };
  return { ...walk, error, jobs: undefined, ...(await reportRound(node, { outcome, options })) };
}

/** The node whose path is walked, and its target. */
export type WalkStart = Pick<WalkInput, "reference" | "target">;

/** Walks the path up to the plan, and changes nothing. Throws when something cannot be read. */
export async function planOnce(ports: ReadPorts, at: WalkStart): Promise<Walk> {
  const walk = newWalk();
  await walkPath(walk, { ...at, ports, until: "plan" });
  return walk;
}

/** Walks the path up to the desired state of any node. Needs no engine. Throws when something cannot be read. */
export async function readDesired(ports: DesiredPorts, at: WalkStart): Promise<Walk> {
  const walk = newWalk();
  await walkPath(walk, { ...at, ports, until: "desired" });
  return walk;
}
