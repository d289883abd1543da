/** Codes of docs/errors.md: K9082 what no archive can hold, K9083 what is no archive. */
export type NarErrorCode = "K9082" | "K9083";

/** Why there is no archive, or no tree in one. A plain error, so that this room loads nothing. */
export class NarError extends Error {
  readonly code: NarErrorCode;

  constructor(code: NarErrorCode, message: string) {
    super(message);
    this.name = "NarError";
    this.code = code;
  }
}
