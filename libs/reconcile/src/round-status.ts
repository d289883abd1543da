import { KeelsonError, type Status, canonicalText } from "@keelson/model";
import type { NodeReference } from "@keelson/render";
import {
  type StatusInput,
  addPassedOver,
  addReported,
  buildStatus,
  fitStatus,
  formatStatusMarkdown,
  saysNothingNew,
  untilPublishMs,
} from "@keelson/report";

import { isNewWork } from "./new-work.ts";
import type { NodePorts, StatusPort } from "./ports.ts";

export interface StatusOptions {
  reference: NodeReference;
  /** For the status: where the revision came from. */
  source: { url: string; branch: string };
  /** What started the round, in words. */
  trigger: string;
  /** How the caller retries what the round leaves undone; null: nobody retries it. */
  retry: RetryPolicy | null;
  /** The machine's boot; empty when it is not known. */
  bootId: string;
}

/** The round does not know when the next one begins: whoever starts rounds does. It tells the status, and asks for that here. */
export interface RetryPolicy {
  /** Rounds in a row before this one that did not end ready. */
  attempt: number;
  /** Milliseconds until the retry. `hasNewWork`: nothing failed, and what is left came up while the round was at work. */
  delayMs: (left: { hasNewWork: boolean }) => number;
}

export interface Reported {
  status: Status;
  /** Why the report could not be written or published; null when it could, or need not be. */
  publishError: unknown;
  /** What the time of the next round depends on. */
  next: NextRoundFacts;
}

export interface NextRoundFacts {
  /** Milliseconds until the retry, as the status tells it; null: nothing is retried. */
  retryMs: number | null;
  /** Milliseconds until the heartbeat of the published status is due; Infinity: it is not published. */
  heartbeatMs: number;
  /** How long publishing the status has been failing; null: it has not, or a retry is of no use. */
  publishFailingMs: number | null;
}

/** What a round found out and did. */
export type RoundOutcome = Pick<
  StatusInput,
  | "target"
  | "shown"
  | "desired"
  | "observed"
  | "plan"
  | "remaining"
  | "results"
  | "times"
  | "problems"
  | "error"
  | "applied"
  | "hideValues"
  | "startedAt"
  | "finishedAt"
>;

/** Publishes the report when it is due, and keeps it in the node's own folder when it says anything new. */
export async function reportRound(
  node: NodePorts,
  {
    outcome,
    options,
    before = null,
  }: {
    outcome: RoundOutcome;
    options: StatusOptions;
    /** The report before the round told of its work; null when it told of none. */
    before?: Status | null;
  },
): Promise<Reported> {
  const { report } = node;
  const local = await settle(async () => node.readStatus(), null);
  const published = await settle(async () => (await report?.readPublished()) ?? null, null);
  const own = before ?? local.value;
  const last = withMade(own ?? published.value, own?.made ?? published.value?.made);
  const { status, retryMs } = describe(outcome, { options, last, report });
  // What is compared with what was published, and with nothing longer than that.
  const small = fitStatus(status);
  const sent =
    report === null || published.error !== null
      ? { value: null, error: published.error }
      : await settle(async () => publish(small, { report, published: published.value, node }), null);
  const passedOver = sent.value?.passedOver ?? null;
  const said = passedOver === null ? status : addPassedOver(status, passedOver);
  const seq = sent.value?.status.seq ?? published.value?.seq ?? status.seq;
  const told = addReported({ ...said, seq }, { error: sent.error, isOff: report === null, last });
  const isNews = sent.value !== null || !saysNothingNew(told, local.value);
  const written = await settle(async () => (isNews ? node.writeStatus(told) : undefined), undefined);
  return {
    status: told,
    publishError: sent.error ?? passedOver ?? local.error ?? written.error,
    next: {
      retryMs,
      heartbeatMs:
        sent.error === null
          ? dueMs(small, { report, published: sent.value?.status ?? published.value, node })
          : Infinity,
      publishFailingMs: isRetryable(sent.error) ? failingMs(told, node.now()) : null,
    },
  };
}

/** What the node made must not be lost from sight when both reports are from different times. */
function withMade(report: Status | null, made: Status["made"]): Status | null {
  return report === null || made === undefined ? report : { ...report, made };
}

export function describeUnreported(outcome: RoundOutcome, options: StatusOptions): Reported {
  const { status, retryMs } = describe(outcome, { options, last: null, report: null });
  return {
    status,
    publishError: null,
    next: { retryMs, heartbeatMs: Infinity, publishFailingMs: null },
  };
}

function describe(
  outcome: RoundOutcome,
  { options, last, report }: { options: StatusOptions; last: Status | null; report: StatusPort | null },
): { status: Status; retryMs: number | null } {
  const { retry } = options;
  const heartbeatSeconds = Math.round((report?.heartbeatMs ?? 0) / 1000);
  const status = buildStatus({ ...options, ...outcome, last, heartbeatSeconds });
  const isRetried = status.conditions.some(({ type, status: is }) => type === "Reconciling" && is === "true");
  if (!isRetried || retry === null) return { status, retryMs: null };
  const retryMs = retry.delayMs({ hasNewWork: isNewWork(outcome.results, outcome.remaining) });
  const nextAt = new Date(outcome.finishedAt.getTime() + retryMs).toISOString();
  return { status: { ...status, retry: { attempt: retry.attempt + 1, nextAt } }, retryMs };
}

interface Publishing {
  report: StatusPort | null;
  published: Status | null;
  node: Pick<NodePorts, "now">;
}

interface Published {
  status: Status;
  /** What else was in its place. */
  passedOver: KeelsonError | null;
}

/** Returns the report, which fits, as it was published; null when that is not due. */
export async function publish(
  status: Status,
  publishing: Publishing & { report: StatusPort },
): Promise<Published | null> {
  if (dueMs(status, publishing) > 0) return null;
  const write = (before: Status | null, passedOver: KeelsonError | null) => {
    // A round that was killed after its push has left more there than this node knows of.
    const last = Math.max(before?.seq ?? 0, publishing.published?.seq ?? 0);
    const told = passedOver === null ? status : fitStatus(addPassedOver(status, passedOver));
    const numbered = { ...told, seq: last + 1 };
    const published = { status: numbered, passedOver };
    return { published, json: canonicalText(numbered), markdown: formatStatusMarkdown(numbered) };
  };
  return (await publishing.report.publishStatus({ commit: commitOf(status), write })).published;
}

function dueMs(status: Status, { report, published, node }: Publishing): number {
  if (report === null || commitOf(status) === "") return Infinity;
  return untilPublishMs(status, { published, heartbeatMs: report.heartbeatMs, now: node.now() });
}

/** The commit that a report speaks of; empty when it knows of none. */
function commitOf({ source: { attempted, observed, applied } }: Status): string {
  return [attempted, observed, applied].find((commit) => commit !== "") ?? "";
}

function isRetryable(error: unknown): boolean {
  return error !== null && !(error instanceof KeelsonError && error.outcome.kind === "stalled");
}

/** How long the status has said that it cannot be published. A clock that was set back makes that negative: it counts the same. */
function failingMs({ conditions }: Status, now: Date): number {
  const since = conditions.find(({ type }) => type === "Reported")?.since ?? "";
  const ms = Math.abs(now.getTime() - Date.parse(since));
  return Number.isNaN(ms) ? 0 : ms;
}

/** What a step returns, or `otherwise` with what it throws: a report goes as far as it can. */
export async function settle<T>(step: () => Promise<T>, otherwise: T): Promise<{ value: T; error: unknown }> {
  try {
    return { value: await step(), error: null };
  } catch (error) {
    return { value: otherwise, error };
  }
}
