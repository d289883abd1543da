/** How much a change disturbs, least first. */
export const changeClasses = ["live", "reload", "restart", "recreate", "purge"] as const;
export type ChangeClass = (typeof changeClasses)[number];

/**
 * What a cause says: `desired`, a commit asks for it; `drift`, what is there was changed and no commit explains it; `lost`,
 * what was there is gone; `interrupted`, what was killed left it; `follows`, another operation leads to it.
 */
export const causeKinds = ["desired", "drift", "lost", "interrupted", "follows"] as const;
export type CauseKind = (typeof causeKinds)[number];

/** Why something is done. */
export interface Cause {
  kind: CauseKind;
  /** Which service it is about, of an operation that has several; null for an operation on one thing. */
  service: string | null;
  /** For a person. */
  text: string;
}
