/** Whether a code goes away by itself; the same as the outcomes of git-error.ts, which loads too much for this door. */
const transientCodes = ["K2001", "K2005", "K2009"];

export interface RefPollFailure {
  message: string;
  /** Instead of the code's own. */
  transient?: boolean;
  cause?: unknown;
}

/** Why a poll has no answer. A plain error, so that nothing heavy is loaded for it; holds no credential. */
export class RefPollError extends Error {
  /** Of docs/errors.md, such as `K2001`. */
  readonly code: string;
  /** Whether asking again later can help without anybody's doing. */
  readonly transient: boolean;

  constructor(code: string, { message, transient, cause }: RefPollFailure) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "RefPollError";
    this.code = code;
    this.transient = transient ?? transientCodes.includes(code);
  }
}
