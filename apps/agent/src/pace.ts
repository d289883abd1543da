/**
 * How long to let a container settle before it may ask for another round, after so many that its changes asked for soon
 * after one another: a container that keeps ending must not keep the node busy.
 */
export function settleMs(restlessRounds: number): number {
  return restlessRounds < 2 ? 0 : Math.min(60_000, 500 * 2 ** Math.min(restlessRounds - 1, 16));
}

/** Plus or minus a tenth, so that a fleet does not ask at the same moment. */
export function spread(ms: number, chance: number): number {
  return Math.round(ms * (0.9 + chance * 0.2));
}
