import { type Awaited, KeelsonError, type Status, canonicalText } from "@keelson/model";
import { findAwaited } from "@keelson/plan";
import type { NodeReference } from "@keelson/render";
import {
  type StatusInput,
  addPassedOver,
  addReported,
  buildStatus,
  fitStatus,
  formatStatusHeading,
  formatStatusMarkdown,
  saysNothingNew,
  tellsOtherRuns,
  untilPublishMs,
} from "@keelson/report";

import type { KeptWait } from "./kept-wait.ts";
import { isNewWork } from "./new-work.ts";
import type { NodePorts, StatusPort } from "./ports.ts";

export interface StatusOptions {
  reference: NodeReference;
  /** The source of the revision, for the status. */
  source: { url: string; branch: string };
  /** What started the round, in words. */
  trigger: string;
  /** How the caller retries a round that did not end ready; null when it does not. */
  retry: RetryPolicy | null;
  /** The id of the machine's boot; empty when it is not known. */
  bootId: string;
}

/** What the starter of rounds knows about the next one. The round asks for it, so that the status can name the time. */
export interface RetryPolicy {
  /** The number of the retry that this round is: how many in a row were announced before. */
  attempt: number;
  /** Milliseconds until the retry. `hasNewWork`: nothing failed, and what is left to do came up during the round. */
  delayMs: (left: { hasNewWork: boolean }) => number;
  /** The longest announced wait that the round keeps; null when it tries everything at once. */
  keepsUpToMs: number | null;
}

/** What a round says at its end. */
export interface RoundStatus {
  status: Status;
  /** Why the status could not be written or published; null when it could, or need not be. */
  publishError: unknown;
  /** Facts on which the time of the next round depends. */
  next: NextRoundFacts;
}

export interface NextRoundFacts {
  /** Milliseconds until the retry that the status names; null when there is none. */
  retryMs: number | null;
  /** Milliseconds until the first of the containers that were restarted may count as settled; null when none was. */
  settledMs: number | null;
  /** Milliseconds until the next heartbeat of the published status; Infinity when nothing is published. */
  heartbeatMs: number;
  /** How long publishing has been failing; null when it has not, or when a retry is of no use. */
  publishFailingMs: number | null;
  /** What stands in the way of what is left to do, and can be looked for without a round. */
  awaits: Awaited[];
}

/** What a round found out and did. */
export type RoundOutcome = Pick<
  StatusInput,
  | "target"
  | "suspension"
  | "shown"
  | "desired"
  | "observed"
  | "plan"
  | "remaining"
  | "results"
  | "restless"
  | "times"
  | "problems"
  | "error"
  | "applied"
  | "volumes"
  | "jobs"
  | "hideValues"
  | "startedAt"
  | "finishedAt"
> & {
  /** Null where everything was to be tried. */
  keptWait: KeptWait | null;
};

/** Publishes the status when that is due, and writes it to the state folder when it says anything new. */
export async function reportRound(
  node: NodePorts,
  {
    outcome,
    options,
    before = null,
  }: {
    outcome: RoundOutcome;
    options: StatusOptions;
    /** The status before `reportBegun` wrote its own; null when it wrote none. */
    before?: Status | null;
  },
): Promise<RoundStatus> {
  const { statusPort } = node;
  const local = await settle(async () => node.readStatus(), null);
  const published = await settle(async () => (await statusPort?.readPublished()) ?? null, null);
  const own = before ?? local.value;
  const last = withMade(own ?? published.value, {
    made: own?.made ?? published.value?.made,
    volumes: own?.volumes ?? published.value?.volumes,
  });
  const { status, retryMs } = describe(outcome, { options, last, statusPort });
  // Publishing may shorten a status, so only the shortened one can be compared with what was published.
  const small = fitStatus(status);
  const isDue = dueMs(small, { statusPort, published: published.value, node }) <= 0;
  const sent =
    statusPort === null || published.error !== null || !isDue
      ? { value: null, error: published.error }
      : await settle(async () => publish(small, { statusPort, published: published.value }), null);
  const passedOver = sent.value?.passedOver ?? null;
  const said = passedOver === null ? status : addPassedOver(status, passedOver);
  const seq = sent.value?.status.seq ?? published.value?.seq ?? status.seq;
  const told = addReported({ ...said, seq }, { error: sent.error, isOff: statusPort === null, last });
  // In Git only some retries are news; who looks on the node itself sees when the next one is.
  const isOtherRetry = told.retry?.nextAt !== local.value?.retry?.nextAt;
  const isNews =
    sent.value !== null ||
    isOtherRetry ||
    !saysNothingNew(told, local.value) ||
    tellsOtherRuns(told, local.value);
  const written = await settle(async () => (isNews ? node.writeStatus(told) : undefined), undefined);
  return {
    status: told,
    publishError: sent.error ?? passedOver ?? local.error ?? written.error,
    next: {
      retryMs,
      settledMs: untilSettledMs(outcome),
      heartbeatMs:
        sent.error === null
          ? dueMs(small, { statusPort, published: sent.value?.status ?? published.value, node })
          : Infinity,
      publishFailingMs: isRetryable(sent.error) ? failingMs(told, node.now()) : null,
      awaits: listAwaited(outcome),
    },
  };
}

/** Nothing while action is withheld: there is nothing to be done sooner. */
function listAwaited({ desired, observed, remaining, suspension }: RoundOutcome): Awaited[] {
  if (desired === null || observed === null || remaining === null || suspension !== null) return [];
  return findAwaited({ desired, observed, plan: remaining });
}

/** What the node made must not be lost when one of the two statuses is older than that. */
function withMade(
  status: Status | null,
  { made, volumes }: Pick<Partial<Status>, "made" | "volumes">,
): Status | null {
  if (status === null) return null;
  return {
    ...status,
    ...(made === undefined ? {} : { made }),
    ...(volumes === undefined ? {} : { volumes }),
  };
}

/** The status of a round that may neither write nor publish it. */
export function describeUnpublished(outcome: RoundOutcome, options: StatusOptions): RoundStatus {
  const { status, retryMs } = describe(outcome, { options, last: null, statusPort: null });
  return {
    status,
    publishError: null,
    next: {
      retryMs,
      settledMs: untilSettledMs(outcome),
      heartbeatMs: Infinity,
      publishFailingMs: null,
      awaits: [],
    },
  };
}

function describe(
  outcome: RoundOutcome,
  {
    options,
    last,
    statusPort,
  }: { options: StatusOptions; last: Status | null; statusPort: StatusPort | null },
): { status: Status; retryMs: number | null } {
  const heartbeatSeconds = Math.round((statusPort?.heartbeatMs ?? 0) / 1000);
  const kept = outcome.keptWait?.errors ?? [];
  const status = buildStatus({ ...options, ...outcome, kept, last, heartbeatSeconds });
  const isRetried = status.conditions.some(({ type, status: is }) => type === "Reconciling" && is === "true");
  if (!isRetried || options.retry === null) return { status, retryMs: null };
  const { retry, retryMs } = chooseRetry(outcome, options.retry);
  return { status: { ...status, retry }, retryMs };
}

/** The sooner of the retry that was announced before and the one that this round itself needs. */
function chooseRetry(
  { keptWait, results, remaining, finishedAt }: RoundOutcome,
  { attempt, delayMs }: RetryPolicy,
): { retry: NonNullable<Status["retry"]>; retryMs: number } {
  const others = remaining === null ? null : (keptWait?.withoutIt(remaining) ?? remaining);
  const isNeeded =
    others === null || others.operations.length > 0 || results.some(({ outcome }) => outcome !== "done");
  const keptMs = keptWait === null ? Infinity : Date.parse(keptWait.retry.nextAt) - finishedAt.getTime();
  const ownMs =
    keptWait === null || isNeeded ? delayMs({ hasNewWork: isNewWork(results, others) }) : Infinity;
  if (keptWait !== null && keptMs <= ownMs) {
    return { retry: keptWait.retry, retryMs: Math.max(0, keptMs) };
  }
  const nextAt = new Date(finishedAt.getTime() + ownMs).toISOString();
  return { retry: { attempt: attempt + 1, nextAt }, retryMs: ownMs };
}

function untilSettledMs({ observed }: Pick<RoundOutcome, "observed">): number | null {
  const own = (observed?.containers ?? []).filter(({ ownership }) => ownership === "ours");
  const unsettled = own.flatMap(({ settlesInMs }) => settlesInMs ?? []);
  return unsettled.length === 0 ? null : Math.min(...unsettled);
}

interface Publishing {
  statusPort: StatusPort | null;
  published: Status | null;
  node: Pick<NodePorts, "now">;
}

interface Published {
  status: Status;
  /** The error that says what else was in its place. */
  passedOver: KeelsonError | null;
}

/** Publishes a status that `fitStatus` has made small enough, and returns it as published. */
export async function publish(
  status: Status,
  publishing: { statusPort: StatusPort; published: Status | null },
): Promise<Published> {
  const write = (before: Status | null, passedOver: KeelsonError | null) => {
    // A round that was killed after its push left a newer status there than this node knows.
    const last = Math.max(before?.seq ?? 0, publishing.published?.seq ?? 0);
    const told = passedOver === null ? status : fitStatus(addPassedOver(status, passedOver));
    const numbered = { ...told, seq: last + 1 };
    const published = { status: numbered, passedOver };
    return {
      published,
      json: canonicalText(numbered),
      heading: formatStatusHeading(numbered),
      markdown: formatStatusMarkdown(numbered),
    };
  };
  return (await publishing.statusPort.publishStatus({ commit: commitOf(status), write })).published;
}

/** Milliseconds until a status is to be published; Infinity where it never is. */
export function dueMs(status: Status, { statusPort, published, node }: Publishing): number {
  if (statusPort === null || commitOf(status) === "") return Infinity;
  return untilPublishMs(status, { published, heartbeatMs: statusPort.heartbeatMs, now: node.now() });
}

/** The commit that a status is about; empty when it names none. */
function commitOf({ source: { attempted, observed, applied } }: Status): string {
  return [attempted, observed, applied].find((commit) => commit !== "") ?? "";
}

function isRetryable(error: unknown): boolean {
  return error !== null && !(error instanceof KeelsonError && error.outcome.kind === "stalled");
}

/** How long the status has said that it cannot be published. After a clock was set back, a negative time counts too. */
function failingMs({ conditions }: Status, now: Date): number {
  const since = conditions.find(({ type }) => type === "Reported")?.since ?? "";
  const ms = Math.abs(now.getTime() - Date.parse(since));
  return Number.isNaN(ms) ? 0 : ms;
}

/** What a step returns, or `otherwise` with what it throws: one failure must not keep the rest of a status back. */
export async function settle<T>(step: () => Promise<T>, otherwise: T): Promise<{ value: T; error: unknown }> {
  try {
    return { value: await step(), error: null };
  } catch (error) {
    return { value: otherwise, error };
  }
}
