/** What is known when a round has ended. */
export interface RoundOutcome {
  isReady: boolean;
  isStalled: boolean;
  /** Rounds in a row that did not end ready. */
  failures: number;
}

const shortestRetryMs = 2_000;
const longestRetryMs = 10 * 60_000;
/** A round that nothing asked for: it sees what no poll can, such as files changed by hand. */
export const routineMs = 10 * 60_000;

/**
 * Milliseconds until the next round that nothing else asks for. Failures back off from 2 s to 10 min; what waits for a
 * human or a revision is looked at again with the routine. `chance` (0 to 1) spreads nodes apart.
 */
export function untilNextRoundMs({ isReady, isStalled, failures }: RoundOutcome, chance: number): number {
  if (isReady || isStalled) return spread(routineMs, chance);
  return spread(Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(failures - 1, 16)), chance);
}

/**
 * How long to let the containers settle before the next look, after so many rounds that changes of containers asked for
 * soon after one another: a container that keeps ending must not keep the node busy.
 */
export function settleMs(restlessRounds: number): number {
  return restlessRounds < 2 ? 0 : Math.min(60_000, 500 * 2 ** Math.min(restlessRounds - 1, 16));
}

/** Plus or minus a tenth, so that a fleet does not ask at the same moment. */
export function spread(ms: number, chance: number): number {
  return Math.round(ms * (0.9 + chance * 0.2));
}
