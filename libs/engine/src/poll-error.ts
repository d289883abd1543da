import { stripVTControlCharacters } from "node:util";

/**
 * K3001: no answer, so that nothing is known. K3009: an answer that is an error or not readable. K3015: a redirect, which is
 * not followed. It is no `KeelsonError`, whose room loads more than a watcher may.
 */
export interface PollError extends Error {
  code: "K3001" | "K3009" | "K3015";
  /** Trying again may help without anything being changed. */
  transient: boolean;
}

export function pollError(input: {
  code: PollError["code"];
  message: string;
  isTransient?: boolean;
  cause?: unknown;
}): PollError {
  const { code, message, isTransient = true, cause } = input;
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code, transient: isTransient });
}

export function unreachable(dockerHost: string, cause: unknown): PollError {
  return pollError({ code: "K3001", message: `no Docker engine answers at ${dockerHost}`, cause });
}

export function unreadable(what: string, cause?: unknown): PollError {
  const message = `the engine's answer is not readable: it could not ${what}`;
  return pollError({ code: "K3009", message, cause });
}

/** What the engine said is the cause, bounded and clean, never the message: a message travels further. */
export function refusal(input: { what: string; statusCode: number; body: string }): PollError {
  const { what, statusCode, body } = input;
  const said = stripVTControlCharacters(body.toWellFormed())
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .trim();
  const isRedirect = statusCode >= 300 && statusCode <= 399;
  return pollError({
    code: isRedirect ? "K3015" : "K3009",
    message: `the engine ${isRedirect ? "answers with a redirect, which is not followed: it " : ""}could not ${what} (status ${statusCode})`,
    // Only a bad request, and a server that is no engine, fail the same way each time.
    isTransient: statusCode !== 400 && !isRedirect,
    cause: new Error(said === "" ? "(no output)" : said.slice(0, 500).toWellFormed()),
  });
}

/** What Node's HTTP client throws, as the engine's failure; any other error is a bug of ours and comes back as it is. */
export function translatePoll(
  error: unknown,
  { dockerHost, what }: { dockerHost: string; what: string },
): unknown {
  const code = codeOf(error);
  if (code.startsWith("K")) return error;
  // The answer is not HTTP.
  if (code.startsWith("HPE_")) return unreadable(what, error);
  const isConnection = /^E(?!RR_)/.test(code) || code === "ERR_STREAM_PREMATURE_CLOSE";
  return isConnection ? unreachable(dockerHost, error) : error;
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
