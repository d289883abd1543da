import { getSystemErrorMessage } from "node:util";

/** Why a folder or an archive cannot be read or written. A plain error, so that the light door loads nothing more. */
export class FolderError extends Error {
  /** Of docs/errors.md. */
  readonly code = "K9084";

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "FolderError";
  }
}

/** What another program did while a file or folder was read. */
export function changedMeanwhile(shown: string): FolderError {
  return new FolderError(`${shown} changed while it was read`);
}

/** Runs a call of the system; `fault` completes the sentence that begins with the path. */
export function calling<T>(call: () => T, { shown, fault }: { shown: string; fault: string }): T {
  try {
    return call();
  } catch (error) {
    throw explained(error, { shown, fault });
  }
}

/** The error of a call of the system in our words; any other error as it is. */
export function explained(error: unknown, { shown, fault }: { shown: string; fault: string }): unknown {
  const { code, errno, syscall } = systemErrorOf(error);
  if (errno === undefined) return error;
  // A link where a file or folder was, or a file where a link was.
  if (code === "ELOOP" || code === "EINVAL") return changedMeanwhile(shown);
  // The system's words without its path, which would be that of a descriptor.
  const cause = new Error(`${syscall ?? "system call"}: ${getSystemErrorMessage(errno)}`);
  return new FolderError(`${shown} ${fault}`, cause);
}

function systemErrorOf(error: unknown): { code?: unknown; errno?: number; syscall?: string } {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return {};
  const code = "code" in error ? error.code : undefined;
  const syscall = "syscall" in error && typeof error.syscall === "string" ? { syscall: error.syscall } : {};
  return { code, errno: error.errno, ...syscall };
}
