/** What the loop does after a failure. `stalled` waits for a person or a new revision; `waiting` for a known time. */
export type Outcome = { kind: "stalled" } | { kind: "waiting"; waitMs: number } | { kind: "transient" };

export const stalled: Outcome = { kind: "stalled" };
export const transient: Outcome = { kind: "transient" };

export interface KeelsonErrorInput {
  /** Stable code of docs/errors.md, such as `K2001`. */
  code: string;
  message: string;
  /** What to do next, as an instruction. */
  hint?: string;
  outcome?: Outcome;
  cause?: unknown;
}

/** A failure of the outside world (Git, engine, disk), translated once by the room that met it. */
export class KeelsonError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly outcome: Outcome;

  constructor(input: KeelsonErrorInput) {
    super(input.message, input.cause === undefined ? undefined : { cause: input.cause });
    this.name = "KeelsonError";
    this.code = input.code;
    this.hint = input.hint;
    this.outcome = input.outcome ?? transient;
  }
}

const bugHint = "This is a bug in Keelson. Please report it with this message and the command you ran.";

/** A state that should be impossible: our bug, never the user's. */
export class InvariantError extends Error {
  readonly code = "K9001";
  readonly hint = bugHint;

  constructor(message: string) {
    super(message);
    this.name = "InvariantError";
  }
}

/** Returns `value`, or throws `InvariantError` naming `what` when it is missing. */
export function required<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new InvariantError(`missing ${what}`);
  return value;
}

/** Credentials in URLs and header-like text never reach a log or a terminal. */
export function redact(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s@]*@/gi, "$1***@")
    .replace(/(authorization:\s*)(basic|bearer)\s+\S+/gi, "$1$2 ***");
}

/** One line per link of the cause chain, `error[K2001] message`, the hint last; credentials redacted. */
export function formatError(error: unknown): string {
  const lines: string[] = [];
  let hint: string | undefined;
  for (let link: unknown = error, depth = 0; link !== undefined && depth < 8; depth++) {
    if (!(link instanceof Error)) {
      lines.push(`  cause: ${describeThrown(link)}`);
      break;
    }
    const code = codeOf(link);
    if (depth === 0) {
      lines.push(`error[${code}] ${link.message}`);
      hint = link instanceof KeelsonError ? link.hint : bugHint;
      if (!(link instanceof KeelsonError)) lines.push(...stackOf(link));
    } else {
      lines.push(`  cause: ${link.message}`);
    }
    link = link.cause;
  }
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return redact(lines.join("\n"));
}

/** The code of an error; any other error was not translated, which is a bug: K9002. */
export function codeOf(error: unknown): string {
  return error instanceof KeelsonError || error instanceof InvariantError ? error.code : "K9002";
}

/** What the operating system refused, as Node throws it. */
export interface SystemError extends Error {
  /** Such as `ENOENT`. */
  code: string;
  errno: number;
  syscall?: string;
}

/** Whether it is an error of the operating system, with one of these codes if any are given. */
export function isSystemError(error: unknown, ...codes: string[]): error is SystemError {
  if (!(error instanceof Error) || !("errno" in error) || !("code" in error)) return false;
  return codes.length === 0 || codes.includes(String(error.code));
}

/** Where a bug happened; an expected failure needs no stack. A library may have put anything in its place. */
function stackOf(error: Error): string[] {
  const stack: unknown = error.stack;
  return (typeof stack === "string" ? stack : "")
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .slice(0, 6);
}

function describeThrown(thrown: unknown): string {
  return typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? String(thrown));
}
