import type { PolledContainer } from "@keelson/engine/poll";
import type { RefPollInput } from "@keelson/git/poll";
import type { Awaited } from "@keelson/model";

import type { JobEnd, JobTimer } from "./job-timer.ts";
import type { NextRound } from "./next-round.ts";
import type { Loss } from "./round-loss.ts";

/** What a round tells the watcher that started it, over IPC, in this order. */
export type RoundMessage =
  /** agent.yaml was read: from now on the watcher can poll and answer. */
  | { type: "started"; setting: WatchSetting }
  /** The revision is known. */
  | { type: "fetched"; commit: string }
  /** The round begins to change the node: what the one before told is no longer true. */
  | { type: "working" }
  /** The round looks at the engine: what happened before is in what it sees. */
  | { type: "observing" }
  /** An operation began or ended. */
  | { type: "progress"; progress: OperationProgress }
  /** Every `aliveEveryMs`, among the others: the process is not stuck, whatever it waits for. */
  | { type: "alive" }
  /** The last message of the process of a job. */
  | { type: "job-ended"; end: JobEnd }
  /** The last message. */
  | { type: "ended"; summary: RoundSummary }
  /** The last message of a round that has no summary. */
  | { type: "lost"; loss: Loss };

export interface OperationProgress {
  /** Of the operation, in its plan. */
  id: string;
  state: "begun" | "done" | "failed" | "skipped";
  /** The operation in words, and where it did not end well, why. */
  text: string;
}

export const aliveEveryMs = 10_000;

/** What the watcher tells a round over IPC: the branch has moved on from the commit that was fetched. */
export const newerRevision = "newer-revision";

/** What the watcher needs of agent.yaml, which only rounds read: the watcher loads no library. */
export interface WatchSetting {
  target: WatchTarget;
  /** Absolute; the control socket is in it. */
  stateDir: string;
  /** Files that agent.yaml names: a change of one triggers a round. */
  files: readonly string[];
  /** Where the watcher answers monitors; null: nowhere. */
  monitor: { socket?: string | undefined; port?: number | undefined } | null;
  /** Whom the watcher tells changes of the node's state; null: nobody. */
  notify: NotifySetting | null;
  /** The version of the agent, for monitors. */
  version: string;
}

export interface NotifySetting {
  command?: readonly string[];
  webhook?: {
    url: string;
    /** The header of this name; null without a credential. */
    authorization: string | null;
    /** There is a credential, and it could not be read. */
    isUnreadable: boolean;
  };
}

/** What the watcher learns from a round. The node's status, which is for people and other machines, is another document. */
export interface RoundSummary extends WatchSetting {
  /** Everything is as desired, and healthy. */
  isReady: boolean;
  /** The number of the retry that is announced, in a row; 0 where nothing is retried. */
  retries: number;
  /** Only a person or a new revision can make the node ready. */
  isStalled: boolean;
  /** A person withholds action: nothing was changed. */
  isSuspended: boolean;
  /** Reason and message of the condition Ready. */
  reason: string;
  message: string;
  /** How many operations were tried. */
  operationCount: number;
  /** How many of them failed. */
  failedCount: number;
  durationMs: number;
  /** The commit that the branch was at; empty when Git did not answer. */
  commit: string;
  /** The engine did not answer the round. One that a problem stopped did not ask it. */
  isEngineAway: boolean;
  /** This node's own containers at the end of the round, by id; null when they were not observed. */
  containers: Record<string, Fingerprint> | null;
  /** What the round could not do without, for polls to look for. */
  awaits: readonly Awaited[];
  /** When jobs are due that run by a schedule; null when the record could not be read. */
  jobs: readonly JobTimer[] | null;
  /** When the next round begins, if nothing triggers it sooner. */
  nextRound: NextRound;
}

/** `<state> <health>` */
export type Fingerprint = `${PolledContainer["state"]} ${PolledContainer["health"]}`;

/** The engine remembers the health of one that has stopped, and its list does not show it. */
export function fingerprintOf({ state, health }: Pick<PolledContainer, "state" | "health">): Fingerprint {
  return `${state} ${state === "running" ? health : "none"}`;
}

/** What the watcher polls, and how often. */
export interface WatchTarget {
  git: RefPollInput;
  environment: string;
  node: string;
  dockerHost: string | undefined;
  intervalMs: number;
}

/** Whether the watcher can poll a branch at this URL. An ssh or a local one takes Git's own program, and so a round. */
export function isPollable(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
