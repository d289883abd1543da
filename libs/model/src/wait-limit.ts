/** A longer wait than a day is a mistake, or an attack. Timers of Node end at 24.8 days anyway. */
export const longestWaitMs = 24 * 3_600_000;

/** How long a node waits for one service at most, whatever a commit asks for. Milliseconds. */
export interface WaitLimits {
  /** For the end of a container that was asked to stop: then it is killed. */
  stopMs: number;
  /** For a service to come up, and for a one-shot to end. */
  trialMs: number;
}

/** The limits of the gate, which no node exceeds. */
export const widestWaits: WaitLimits = { stopMs: longestWaitMs, trialMs: longestWaitMs };
