import type {
  DesiredNode,
  ObservedNode,
  Operation,
  Plan,
  Problem,
  RecordState,
  ScheduledJob,
  StagingOutcome,
  Status,
  StatusError,
  Step,
  Suspension,
  Target,
} from "@keelson/model";

/** All that is known at the end of a round. */
export interface StatusInput {
  reference: { environment: string; node: string };
  /** What asked for the round. */
  trigger: string;
  /** The machine's boot; empty when it is not known. */
  bootId: string;
  /** The public part of the node's age key; null when it is not known. */
  recipient?: string | null;
  /** How often this node promises to report; 0 when it promises nothing. */
  heartbeatSeconds: number;
  /** What this node reported before; null when that is lost. */
  last: Status | null;
  /** Takes secret values out of a text. */
  hideValues: (text: string) => string;
  source: { url: string; branch: string };
  /** What the round was to bring the node to; null when none was chosen. */
  target: Target | null;
  /** Why a person withholds action; null when nobody does, undefined when that is not known. */
  suspension?: Suspension | null | undefined;
  /** The commit that the tracked branch shows; null where it could not be asked. */
  shown: string | null;
  desired: DesiredNode | null;
  /** As seen after the round; null when it could not be seen. */
  observed: ObservedNode | null;
  plan: Plan | null;
  /** What is still to be done after the round; null when that is not known. */
  remaining: Plan | null;
  /** What of the node's releases is in its store. */
  staging: StagingOutcome;
  results: {
    operation: Operation;
    outcome: "done" | "failed" | "skipped";
    error: unknown;
    /** Of what was skipped: the operation that failed; default none. */
    failedId?: string | null;
  }[];
  /**
   * What ends again and again. `end`: how it last ended, and its last output; null where that was not seen. `wasDown`: the round
   * has seen it down. `settlesInMs`: null while it is down.
   */
  restless: {
    resource: string;
    instance: string;
    service: string;
    end: { exitCode: number; output: string } | null;
    wasDown: boolean;
    settlesInMs: number | null;
  }[];
  /** Failures of before that were not tried again, because their time has not come. */
  kept: readonly StatusError[];
  problems: Problem[];
  /** Milliseconds that each step took; `health` is the part of the apply that was only waiting for it. */
  times: Partial<Record<Step | "health", number>>;
  /** Why the round did not come to its end; null when it did. */
  error: unknown;
  /** Undefined when the record could not be read. */
  applied: RecordState["applied"] | undefined;
  /** Volumes that the record knows; undefined when it could not be read. */
  volumes?: RecordState["volumes"] | undefined;
  /** Data folders that the record knows, by path; undefined when it could not be read. */
  folders?: RecordState["folders"] | undefined;
  /** What runs by a schedule, and when next; undefined when the record could not be read. */
  jobs?: readonly (ScheduledJob & { nextAt: string })[] | undefined;
  startedAt: Date;
  finishedAt: Date;
}
