import type { Status } from "@keelson/model";
import {
  addPassedOver,
  addReported,
  buildStatus,
  fitStatus,
  saysNothingNew,
  tellsOtherRuns,
} from "@keelson/report";

import { dueMs, publish } from "./due-status.ts";
import { settle } from "./error-of.ts";
import {
  type NextRoundFacts,
  failingMs,
  isRetryable,
  listAwaited,
  untilSettledMs,
  untilStopMs,
} from "./next-round.ts";
import type { NodePorts, StatusPort } from "./ports.ts";
import type { RoundOutcome, StatusOptions } from "./round-outcome.ts";
import { chooseRetry } from "./round-retry.ts";

/** What a round says at its end. */
export interface RoundStatus {
  status: Status;
  /** Why the status could not be written or published; null when it could, or need not be. */
  publishError: unknown;
  /** Facts on which the time of the next round depends. */
  next: NextRoundFacts;
}

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
    made: allOf(own?.made, published.value?.made),
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
      stopRunMs: untilStopMs(outcome),
      heartbeatMs:
        sent.error === null
          ? dueMs(small, { statusPort, published: sent.value?.status ?? published.value, node })
          : Infinity,
      publishFailingMs: isRetryable(sent.error) ? failingMs(told, node.now()) : null,
      awaits: listAwaited(outcome),
    },
  };
}

/** Of two statuses, either may be from before or after a loss, and what one of them names was made here. */
function allOf(...lists: readonly (Status["made"] | undefined)[]): Status["made"] | undefined {
  const known = lists.filter((list) => list !== undefined);
  return known.length === 0 ? undefined : [...new Set(known.flat())];
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
      stopRunMs: untilStopMs(outcome),
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
