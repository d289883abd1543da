import type { RoundSummary } from "./round-summary.ts";

/** Those who ask for a round: a signal, `keelson sync`. */
export interface Calls {
  /** Comes with the report of a round that began after this; null when that ended without one, or none will begin. */
  call: (reason: string) => Promise<RoundSummary | null>;
  /** The reason of the first who waits for a round to begin; null when nobody does. */
  pending: () => string | null;
  /** A round begins for all who wait: returns what tells them how it ended. */
  take: () => (report: RoundSummary | null) => void;
}

interface Call {
  reason: string;
  answer: (report: RoundSummary | null) => void;
}

/** `onCall` is told of each call, so that it need not be waited for. */
export function openCalls(onCall: () => void): Calls {
  let waiting: Call[] = [];
  return {
    call: async (reason) =>
      new Promise((answer) => {
        waiting.push({ reason, answer });
        onCall();
      }),
    pending: () => waiting[0]?.reason ?? null,
    take: () => {
      const taken = waiting;
      waiting = [];
      return (report) => {
        for (const { answer } of taken) answer(report);
      };
    },
  };
}
