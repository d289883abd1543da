import type { PolledContainer } from "@keelson/engine/poll";
import type { RefPollInput } from "@keelson/git/poll";

import type { Loss } from "./round-loss.ts";

/** What a round tells the watcher that started it, by IPC, in this order. */
export type RoundMessage =
  /** agent.yaml could be read: the watcher can look at the branch, and be asked, from now on. */
  | { type: "started"; setting: WatchSetting }
  /** The revision is known. */
  | { type: "fetched"; commit: string }
  /** There is something to do: what the round before said is no longer true. */
  | { type: "working" }
  /** Every `aliveEveryMs`, in between: its process turns, whatever it waits for. */
  | { type: "alive" }
  /** The last message. */
  | { type: "ended"; report: RoundSummary }
  /** The last message of a round that has no report. */
  | { type: "lost"; loss: Loss };

export const aliveEveryMs = 10_000;

/** What the watcher tells a round by IPC: the branch has moved on from the commit that was fetched. */
export const newerRevision = "newer-revision";

/** What the watcher needs of agent.yaml, which it does not read itself: it loads no library. */
export interface WatchSetting {
  follow: WatchTarget;
  /** Absolute; the control socket is in it. */
  stateDir: string;
  /** What a person changes on the node beside agent.yaml: a change asks for a round. */
  files: readonly string[];
  /** Where the watcher answers monitors; null: nowhere. */
  monitor: { socket?: string | undefined; port?: number | undefined } | null;
  /** Of the agent, for monitors. */
  version: string;
}

export interface RoundSummary extends WatchSetting {
  /** Everything is as desired, and healthy. */
  isReady: boolean;
  /** Nothing but a new revision or a human will change the outcome. */
  isStalled: boolean;
  /** The message of the condition Ready. */
  message: string;
  /** How many operations were tried. */
  operationCount: number;
  /** How many of them failed. */
  failedCount: number;
  durationMs: number;
  /** The commit the branch was at; empty when Git could not be asked. */
  commit: string;
  /** Our containers at the end of the round, by id; null when the engine could not be asked. */
  containers: Record<string, Fingerprint> | null;
  /** Milliseconds until the next round that nothing else asks for. */
  nextRoundMs: number;
}

/** `<state> <health>` */
export type Fingerprint = `${PolledContainer["state"]} ${PolledContainer["health"]}`;

export function fingerprintOf({ state, health }: Pick<PolledContainer, "state" | "health">): Fingerprint {
  return `${state} ${health}`;
}

/** What to look at between rounds, and how often. */
export interface WatchTarget {
  git: RefPollInput;
  environment: string;
  node: string;
  dockerHost: string | undefined;
  intervalMs: number;
}
