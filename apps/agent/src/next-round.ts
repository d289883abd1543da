import type { NextRoundFacts } from "@keelson/reconcile";

/** A delay before the next round, and its trigger when nothing else starts it sooner. */
export interface NextRound {
  afterMs: number;
  trigger: string;
}

/** Why a round begins. */
export interface Trigger {
  /** In words, for the log and the status. */
  name: string;
  /** The cause of earlier failures may be gone: the retry back-off begins anew. */
  isAnew: boolean;
}

/** The trigger of the round after one that a newer revision cut short. */
export const newerRevisionCame = "newer revision";

/** What the delay depends on. */
export interface RoundEndFacts extends Omit<NextRoundFacts, "awaits"> {
  /** A newer revision ended the round's waiting. */
  isCutShort: boolean;
  /** The interval of a branch that only a round can poll; null: the watcher polls it. */
  branchIntervalMs: number | null;
}

const minuteMs = 60_000;
const shortestRetryMs = 2_000;
const longestRetryMs = 10 * minuteMs;
const promptRetries = 3;
const routineMs = 10 * minuteMs;
const shortestBlindMs = 5_000;
export const longestBlindMs = minuteMs;
const shortestRestartMs = 1_000;
export const longestRestartMs = minuteMs;
const promptRestarts = 2;

/**
 * When the next round begins, and why. The watcher starts it at the first of these.
 *
 * As soon as it happens:
 * 1. A person or a program asks: `keelson sync`, SIGHUP, a change of agent.yaml, of a file that it names, or of Docker's config.json.
 *    So does a run of a scheduled job that has ended or was missed (`runTrigger`): the status tells it.
 * 2. A poll finds the branch at another commit. A commit that no round can apply triggers one round, not one for each poll.
 * 3. A poll finds that the engine went away or came back. Each triggers one round.
 * 4. A poll or an event finds that a container changed. A container that changes again and again is in restart back-off:
 *    after a trigger it gets 0, 0, 1, 2, 4 … 60 s in which it triggers nothing (`restartBackoffMs`). Other containers
 *    are not held up by it. A minute without a change ends the back-off.
 * 5. A poll finds that what the last round could not do without is there: a port is free, an image came, a foreign network or
 *    volume is gone. Each triggers one round. What comes and goes again and again is in a back-off like that of a container.
 *
 * After a delay, the shortest of these (`chooseNextRound`):
 * 6. Newer revision: it cut the round short. 0 s.
 * 7. Retry: something is not as desired, and may be after a retry. 2, 4, 8 … 600 s (`retryBackoffMs`).
 * 8. Retry of new work: nothing failed, and all that is left came up while the round was at work. 0 s three times in a row,
 *    then as 7.
 * 9. Routine: nothing is retried. 600 s. It finds what no poll sees, such as placed files that were changed by hand.
 * 10. Heartbeat: the published status has to be renewed.
 * 11. Publishing the status failed, and may succeed: as long as it has been failing already, from 2 to 600 s.
 * 12. An ssh or a local branch, which the watcher cannot poll: the interval of agent.yaml.
 * 13. Settled: a container that was started again after it had ended has run for long enough, which no poll sees.
 * 14. Timeout of a run: a scheduled job whose process was killed has had its time, and its container is to be stopped.
 *
 * 15. A round that told nothing left neither a delay nor anything to poll: 5, 10, 20, 40, 60 s (`blindBackoffMs`).
 *
 * A round for a run of a job, and one of the rules 4 and 9 to 14, does not try what failed before the time that rule 7 has announced (`keepsWaits`).
 *
 * All delays but the restart back-off, the heartbeat, 13 and 14 vary by a tenth, so that a fleet does not ask all at once. Delays
 * go by the monotonic clock. A round that leaves nothing to retry begins the retry back-off anew, and so does whatever may have taken away
 * the cause of the failure (`Trigger.isAnew`): a request of a person or a program, another commit, and what rule 5 finds.
 */
export function chooseNextRound(facts: RoundEndFacts, chance: number): NextRound {
  const { isCutShort, retryMs, settledMs, stopRunMs, heartbeatMs, publishFailingMs, branchIntervalMs } =
    facts;
  const candidates: NextRound[] = [
    { afterMs: isCutShort ? 0 : Infinity, trigger: newerRevisionCame },
    retryMs === null
      ? { afterMs: spread(routineMs, chance), trigger: "routine" }
      : { afterMs: retryMs, trigger: "retry" },
    { afterMs: heartbeatMs, trigger: "heartbeat" },
    { afterMs: publishRetryMs(publishFailingMs, chance), trigger: "retry to publish the status" },
    { afterMs: settledMs ?? Infinity, trigger: "settled" },
    { afterMs: stopRunMs ?? Infinity, trigger: "timeout of a run" },
    { afterMs: spread(branchIntervalMs ?? Infinity, chance), trigger: "poll of the branch" },
  ];
  return candidates.reduce((first, each) => (each.afterMs < first.afterMs ? each : first));
}

/** Rules that find out nothing by which what failed could succeed: its announced time is kept. */
const patientTriggers: ReadonlySet<string> = new Set([
  "containers changed",
  "routine",
  "heartbeat",
  "retry to publish the status",
  "poll of the branch",
  "settled",
  "timeout of a run",
]);

/** The trigger of the round that tells how a scheduled job ended, or that its time passed without a run. */
export function runTrigger(job: string, { isMissed } = { isMissed: false }): Trigger {
  return { name: `${isMissed ? "missed run of" : "run of"} ${job}`, isAnew: false };
}

/** Whether a round with this trigger leaves what failed to the time that was announced for it. */
export function keepsWaits(trigger: string): boolean {
  return patientTriggers.has(trigger) || /^(missed )?run of /.test(trigger);
}

/** With the tenth by which delays vary: no announced wait is longer. */
export const longestWaitMs = 1.1 * longestRetryMs;

/** Rules 7 and 8. `attempt`: retries in a row that rounds before this one have announced. */
export function retryBackoffMs(
  { attempt, hasNewWork }: { attempt: number; hasNewWork: boolean },
  chance: number,
): number {
  const doublings = hasNewWork ? attempt - promptRetries : attempt;
  if (doublings < 0) return 0;
  return spread(doubled(shortestRetryMs, { doublings, longestMs: longestRetryMs }), chance);
}

/** Rule 11. */
function publishRetryMs(failingMs: number | null, chance: number): number {
  if (failingMs === null) return Infinity;
  return spread(Math.min(longestRetryMs, Math.max(shortestRetryMs, failingMs)), chance);
}

/** Rule 15. `attempt`: the same, with rounds that told nothing. */
export function blindBackoffMs(attempt: number, chance: number): number {
  return spread(doubled(shortestBlindMs, { doublings: attempt, longestMs: longestBlindMs }), chance);
}

/** Rule 4. `changes`: how often the container has changed before, each time within a minute. */
export function restartBackoffMs(changes: number): number {
  if (changes < promptRestarts) return 0;
  return doubled(shortestRestartMs, { doublings: changes - promptRestarts, longestMs: longestRestartMs });
}

/** Plus or minus a tenth; `chance` is 0 to 1. */
export function spread(ms: number, chance: number): number {
  return Math.round(ms * (0.9 + chance * 0.2));
}

function doubled(firstMs: number, limits: { doublings: number; longestMs: number }): number {
  return Math.min(limits.longestMs, firstMs * 2 ** Math.min(limits.doublings, 16));
}
