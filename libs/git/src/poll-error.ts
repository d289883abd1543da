/**
 * Codes whose cause goes away by itself: those that are transient in git-error.ts, which loads too much for this door.
 */
const transientCodes = ["K2001", "K2005", "K2009"];

export interface RefPollFailure {
  message: string;
  /** Instead of the code's own. */
  transient?: boolean;
  cause?: unknown;
}

/** Why a poll has no answer. A plain error, so that this door loads nothing more; it holds no credential. */
export class RefPollError extends Error {
  /** Of docs/errors.md, such as `K2001`. */
  readonly code: string;
  /** Whether a later poll can succeed although nobody changes anything. */
  readonly transient: boolean;

  constructor(code: string, { message, transient, cause }: RefPollFailure) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "RefPollError";
    this.code = code;
    this.transient = transient ?? transientCodes.includes(code);
  }
}
