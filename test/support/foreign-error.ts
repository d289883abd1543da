/** The code of a system error, as ENOENT, if it is one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The HTTP status that an engine answered with, if the error is an answer. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** What an error, or whatever was thrown in place of one, says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
