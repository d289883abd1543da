import type { Trigger } from "./next-round.ts";
import type { RoundSummary } from "./round-summary.ts";

/** Requests for a round, by rule 1 of next-round.ts. */
export interface RoundRequests {
  /** Returns the summary of a round that began after this; null when that round told none, or none begins any more. */
  request: (trigger: Trigger) => Promise<RoundSummary | null>;
  /**
   * The trigger of the first request that waits for its round to begin; null when none waits. One that begins the
   * back-off anew comes before those that do not.
   */
  waiting: () => Trigger | null;
  /** Takes all waiting requests for a round that begins now. Returns what answers them at its end. */
  take: () => (summary: RoundSummary | null) => void;
}

interface RoundRequest {
  trigger: Trigger;
  answer: (summary: RoundSummary | null) => void;
}

/** `onRequest` is called for each request. */
export function openRoundRequests(onRequest: () => void): RoundRequests {
  let waiting: RoundRequest[] = [];
  return {
    request: async (trigger) =>
      new Promise((answer) => {
        waiting.push({ trigger, answer });
        onRequest();
      }),
    waiting: () => (waiting.find(({ trigger }) => trigger.isAnew) ?? waiting[0])?.trigger ?? null,
    take: () => {
      const taken = waiting;
      waiting = [];
      return (summary) => {
        for (const { answer } of taken) answer(summary);
      };
    },
  };
}
