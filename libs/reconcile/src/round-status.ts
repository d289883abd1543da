import { type KeelsonError, type Status, canonicalText } from "@keelson/model";
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

import { isNewWork, untilNextRoundMs, untilRetryMs } from "./next-round.ts";
import type { NodePorts, StatusPort } from "./ports.ts";

export interface StatusOptions {
  reference: NodeReference;
  /** For the status: where the revision came from. */
  source: { url: string; branch: string };
  /** What asked for the round, in words. */
  trigger: string;
  /** Rounds in a row before this one that did not end ready. */
  attempt: number;
  /** 0 to 1: spreads nodes apart. */
  chance: number;
  /** The machine's boot; empty when it is not known. */
  bootId: string;
}

export interface Reported {
  status: Status;
  /** Why the report could not be written or published; null when it could, or need not be. */
  publishError: unknown;
  /** Milliseconds until the next round that nothing else asks for. */
  nextRoundMs: number;
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
  const status = describe(outcome, { options, last, report });
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
    nextRoundMs: Math.min(
      untilNextRoundMs(status, paceOf(outcome, options)),
      sent.error === null
        ? dueMs(small, { report, published: sent.value?.status ?? published.value, node })
        : Infinity,
      untilRetryMs(sent.error, { since: sinceOf(told), now: node.now(), chance: options.chance }),
    ),
  };
}

/** What the node made must not be lost from sight when both reports are from different times. */
function withMade(report: Status | null, made: Status["made"]): Status | null {
  return report === null || made === undefined ? report : { ...report, made };
}

export function describeUnreported(outcome: RoundOutcome, options: StatusOptions): Reported {
  const status = describe(outcome, { options, last: null, report: null });
  return { status, publishError: null, nextRoundMs: untilNextRoundMs(status, paceOf(outcome, options)) };
}

function paceOf({ results, remaining }: RoundOutcome, { attempt, chance }: StatusOptions) {
  return { attempt, chance, hasNewWork: isNewWork(results, remaining) };
}

function describe(
  outcome: RoundOutcome,
  on: { options: StatusOptions; last: Status | null; report: StatusPort | null },
): Status {
  const { options, last } = on;
  const heartbeatSeconds = Math.round((on.report?.heartbeatMs ?? 0) / 1000);
  const status = buildStatus({ ...options, ...outcome, last, heartbeatSeconds });
  const isRetried = status.conditions.some(({ type, status: is }) => type === "Reconciling" && is === "true");
  if (!isRetried) return status;
  const nextMs = untilNextRoundMs(status, paceOf(outcome, options));
  const nextAt = new Date(outcome.finishedAt.getTime() + nextMs).toISOString();
  return { ...status, retry: { attempt: options.attempt + 1, nextAt } };
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
  on: Publishing & { report: StatusPort },
): Promise<Published | null> {
  if (dueMs(status, on) > 0) return null;
  const write = (before: Status | null, passedOver: KeelsonError | null) => {
    // A round that was killed after its push has left more there than this node knows of.
    const last = Math.max(before?.seq ?? 0, on.published?.seq ?? 0);
    const told = passedOver === null ? status : fitStatus(addPassedOver(status, passedOver));
    const numbered = { ...told, seq: last + 1 };
    const published = { status: numbered, passedOver };
    return { published, json: canonicalText(numbered), markdown: formatStatusMarkdown(numbered) };
  };
  return (await on.report.publishStatus({ commit: commitOf(status), write })).published;
}

function dueMs(status: Status, { report, published, node }: Publishing): number {
  if (report === null || commitOf(status) === "") return Infinity;
  return untilPublishMs(status, { published, heartbeatMs: report.heartbeatMs, now: node.now() });
}

/** The commit that a report speaks of; empty when it knows of none. */
function commitOf({ source: { attempted, observed, applied } }: Status): string {
  return [attempted, observed, applied].find((commit) => commit !== "") ?? "";
}

function sinceOf({ conditions }: Status): string {
  return conditions.find(({ type }) => type === "Reported")?.since ?? "";
}

/** What a step returns, or `otherwise` with what it throws: a report goes as far as it can. */
export async function settle<T>(step: () => Promise<T>, otherwise: T): Promise<{ value: T; error: unknown }> {
  try {
    return { value: await step(), error: null };
  } catch (error) {
    return { value: otherwise, error };
  }
}
