import type { NodeReference } from "@keelson/render";
import type { StatusInput } from "@keelson/report";

import type { KeptWait } from "./kept-wait.ts";
import type { JobState } from "./scheduled-jobs.ts";

export interface StatusOptions {
  reference: NodeReference;
  /** The source of the revision, for the status. */
  source: { url: string; branch: string };
  /** What started the round, in words. */
  trigger: string;
  /** How the caller retries a round that did not end ready; null when it does not. */
  retry: RetryPolicy | null;
  /** The id of the machine's boot; empty when it is not known. */
  bootId: string;
  /** The public part of the node's age key; null when it is not known. */
  recipient?: string | null;
}

/** What the starter of rounds knows about the next one. The round asks for it, so that the status can name the time. */
export interface RetryPolicy {
  /** The number of the retry that this round is: how many in a row were announced before. */
  attempt: number;
  /** Milliseconds until the retry. `hasNewWork`: nothing failed, and what is left to do came up during the round. */
  delayMs: (left: { hasNewWork: boolean }) => number;
  /** The longest announced wait that the round keeps; null when it tries everything at once. */
  keepsUpToMs: number | null;
}

/** What a round found out and did. */
export type RoundOutcome = Pick<
  StatusInput,
  | "target"
  | "suspension"
  | "shown"
  | "desired"
  | "observed"
  | "plan"
  | "remaining"
  | "staging"
  | "results"
  | "restless"
  | "times"
  | "problems"
  | "error"
  | "applied"
  | "volumes"
  | "folders"
  | "hideValues"
  | "startedAt"
  | "finishedAt"
> & {
  /** Null where everything was to be tried. */
  keptWait: KeptWait | null;
  jobs?: readonly JobState[] | undefined;
};
