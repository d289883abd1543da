import { spread } from "./next-round.ts";

/** What a node is told to be: not each status, only what somebody has to know of. */
export type NodeState = "ready" | "not-ready" | "stalled" | "suspended";

/** One change of a node's state, as it is sent (docs/spec/agent.md). */
export interface Notification {
  v: 1;
  /** Of this notification, so that a reader knows one that comes twice. */
  id: string;
  /** When the round that found it had ended. */
  at: string;
  environment: string;
  node: string;
  state: NodeState;
  /** The state that was told before; null: this is the first one. */
  before: NodeState | null;
  /** The reason of the condition Ready, such as `K3002`. */
  reason: string;
  message: string;
  /** The commit that the branch was at; empty when Git did not answer. */
  commit: string;
}

/** How often it is tried to tell one notification: over some 20 minutes. */
export const mostAttempts = 12;
const shortestMs = 1_000;
const longestMs = 5 * 60_000;

/** How long to wait after so many attempts that failed; `chance` is 0 to 1. */
export function notificationRetryMs(attempts: number, chance: number): number {
  return spread(Math.min(longestMs, shortestMs * 2 ** (attempts - 1)), chance);
}
