import type {
  DesiredNode,
  ObservedNode,
  Operation,
  Plan,
  Problem,
  RecordState,
  Revision,
} from "@keelson/model";

/** All that is known at the end of a round. */
export interface StatusInput {
  reference: { environment: string; node: string };
  source: { url: string; branch: string };
  revision: Revision | null;
  desired: DesiredNode | null;
  /** As seen after the round; null when it could not be seen. */
  observed: ObservedNode | null;
  plan: Plan | null;
  /** What is still to be done after the round; null when that is not known. */
  remaining: Plan | null;
  results: { operation: Operation; outcome: "done" | "failed" | "skipped"; error: unknown }[];
  problems: Problem[];
  /** Why the round did not come to its end; null when it did. */
  error: unknown;
  /** Why this report could not be published; null or nothing when it could. */
  publishError?: unknown;
  applied: RecordState["applied"];
  startedAt: Date;
  finishedAt: Date;
}
