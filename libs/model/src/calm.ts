/** What lived for so long again and again has to live for many times that before it is believed. */
const calmLives = 10;
const shortestCalmMs = 10_000;
/** One crash of what had run for days is over by then. */
export const longestCalmMs = 5 * 60_000;

/** For how many milliseconds a container must run until it has settled, by how long it has lived until it ended. */
export function calmMsOf(lifeMs: number): number {
  return Math.min(longestCalmMs, Math.max(shortestCalmMs, calmLives * lifeMs));
}
