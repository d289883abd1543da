import { KeelsonError } from "@keelson/model";

/** `skipped-because`: it could not be checked, or does not concern this node; `found` says why. */
export type CheckResult = "ok" | "warning" | "failure" | "skipped-because";

/** The result of one check. */
export interface Verdict {
  result: CheckResult;
  /** What is there, or why it was not checked. */
  found: string;
  /** How to fix it; empty when there is nothing to fix. */
  hint: string;
}

export function ok(found: string): Verdict {
  return { result: "ok", found, hint: "" };
}

export function warning(found: string, hint: string): Verdict {
  return { result: "warning", found, hint };
}

export function failure(found: string, hint: string): Verdict {
  return { result: "failure", found, hint };
}

export function skipped(because: string): Verdict {
  return { result: "skipped-because", found: because, hint: "" };
}

/** The failure that an error is, with its code for `keelson explain`. */
export function failed(error: KeelsonError): Verdict {
  const { code, message, hint = `keelson explain ${code} says more.` } = error;
  return failure(`${message}${systemCode(error.cause)} [${code}]`, hint);
}

/** Only the system's code, such as ECONNREFUSED: a server or a program may have written a cause's words. */
function systemCode(cause: unknown): string {
  if (!(cause instanceof Error) || !("code" in cause)) return "";
  const { code } = cause;
  return typeof code === "string" && /^E[A-Z0-9_]+$/.test(code) ? ` (${code})` : "";
}

/** What a task returns or the coded error that it throws; any other error is a bug of ours, and goes on. */
export async function attempt<T>(task: () => T | Promise<T>): Promise<T | KeelsonError> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof KeelsonError) return error;
    throw error;
  }
}
