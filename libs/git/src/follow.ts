import { KeelsonError, redact, stalled } from "@keelson/model";

import { isAncestor } from "./ancestry.ts";
import type { FollowStep } from "./follow-step.ts";
import { wasRefused } from "./refused-step.ts";

/** K2016: the branch is at a commit that follows neither on the last one nor on one that a person accepted. */
class RefusedRevision extends KeelsonError {
  readonly commit: string;

  constructor({ branch, after, commit }: { branch: string; after: string; commit: string }) {
    super({
      code: "K2016",
      message: redact(
        `branch ${branch} went from ${shorten(after)} to ${shorten(commit)}, which does not follow on it`,
      ),
      hint: `Find out who rewound or replaced the branch, and why. If that was intended, run on this node: keelson-agent accept ${commit}`,
      outcome: stalled,
    });
    this.name = "RefusedRevision";
    this.commit = commit;
  }
}

/** The full id of the commit that `fetchSnapshot` refused to follow with this error; null for any other error. */
export function refusedCommit(error: unknown): string | null {
  return error instanceof RefusedRevision ? error.commit : null;
}

/** Throws K2016 when the branch may not be followed to the commit, K2015 when its history is incomplete. */
export async function checkFollow({ gitDir, branch, commit, after, accepted }: FollowStep): Promise<void> {
  if (after === null) return;
  for (const ancestor of [after, accepted]) {
    if (ancestor !== null && (await isAncestor({ gitDir, ancestor, descendant: commit }))) return;
  }
  throw new RefusedRevision({ branch, after, commit });
}

/** Throws K2016 when exactly this step was refused last. Reads no history for that. */
export async function checkRefused(step: FollowStep): Promise<void> {
  const { branch, after, commit } = step;
  if (after !== null && (await wasRefused(step))) throw new RefusedRevision({ branch, after, commit });
}

function shorten(commit: string): string {
  return commit.slice(0, 8);
}
