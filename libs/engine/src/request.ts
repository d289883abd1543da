import { KeelsonError, type Outcome, stalled, transient } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { quoted } from "./excerpt.ts";
import { recordOf } from "./json-reader.ts";
import { OddAnswer, RefusedAnswer, connectionSignal } from "./transport.ts";

export interface EngineRequest<T> {
  /** Completes "the engine could not …". */
  what: string;
  /** Sends it and reads the answer to its end. The signal ends its connections, also where it is not passed on. */
  send: (signal: AbortSignal) => Promise<T>;
  /** The caller's own end. */
  signal?: AbortSignal | undefined;
  /** Default: the engine's. */
  timeoutMs?: number | undefined;
  /** What a timeout means where it is not the engine that is slow. Default K3001. */
  describeTimeout?: (cause: Error) => KeelsonError;
}

/** K3001: no answer. K3009: an answer that is an error, with its HTTP status. K3015: one that leads elsewhere. */
export class EngineError extends KeelsonError {
  readonly statusCode: number | null;
  /** What the engine said, for the few failures that only its text distinguishes. */
  readonly engineText: string;

  constructor(input: {
    code: "K3001" | "K3009" | "K3015";
    message: string;
    outcome?: Outcome;
    hint?: string;
    cause: unknown;
    statusCode: number | null;
    engineText: string;
  }) {
    super(input);
    this.name = "EngineError";
    this.statusCode = input.statusCode;
    this.engineText = input.engineText;
  }
}

export function hasStatus(error: unknown, ...statusCodes: number[]): error is EngineError {
  return error instanceof EngineError && statusCodes.includes(error.statusCode ?? 0);
}

/**
 * What the engine answers. It always ends: by the answer, by the timeout (K3001), or by the caller's signal (K3014);
 * the client library alone waits for ever when a connection breaks inside an answer.
 */
export async function askEngine<T>(engine: Engine, request: EngineRequest<T>): Promise<T> {
  const { what, send, signal, timeoutMs = engine.timeoutMs } = request;
  throwIfCancelled(signal, what);
  const connection = new AbortController();
  const over = Promise.withResolvers<never>();
  const end = (error: KeelsonError) => {
    over.reject(error);
    connection.abort();
  };
  const timer = setTimeout(() => {
    const cause = new Error(`no answer within ${timeoutMs} ms`);
    end(request.describeTimeout?.(cause) ?? unreachable(engine, { what, cause }));
  }, timeoutMs);
  const onAbort = () => end(cancelled(what, signal?.reason));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = connectionSignal.run(connection.signal, () => send(connection.signal));
    return await Promise.race([answer, over.promise]);
  } catch (error) {
    throw error instanceof KeelsonError ? error : translate(engine, { what, error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Throws K3014 when the caller has ended its operation. */
export function throwIfCancelled(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw cancelled(what, signal.reason);
}

/** What a promise gives, or K3014 as soon as the caller has ended its operation. */
export async function untilCancelled<T>(
  promise: Promise<T>,
  { signal, what }: { signal: AbortSignal; what: string },
): Promise<T> {
  throwIfCancelled(signal, what);
  const over = Promise.withResolvers<never>();
  const onAbort = () => over.reject(cancelled(what, signal.reason));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function cancelled(what: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3014",
    message: `ended before it could ${what}`,
    outcome: transient,
    cause,
  });
}

function translate(engine: Engine, { what, error }: { what: string; error: unknown }): unknown {
  if (error instanceof RefusedAnswer) {
    const { statusCode } = error;
    // 304: the container is in the wanted state already.
    const isRedirect = statusCode >= 300 && statusCode <= 399 && statusCode !== 304;
    return isRedirect ? redirected(engine, { what, error }) : refusal({ what, error });
  }
  if (error instanceof OddAnswer) return unreadable(what, error);
  const { code } = recordOf(error);
  if (typeof code !== "string") return error;
  if (/^E(?!RR_)/.test(code) || code === "ERR_STREAM_PREMATURE_CLOSE") {
    return unreachable(engine, { what, cause: error });
  }
  // Codes of Node's HTTP parser: the answer is not HTTP. Any other code is a bug of ours.
  return code.startsWith("HPE_") ? unreadable(what, error) : error;
}

/** An answer that no engine gives. */
export function unreadable(what: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "K3009",
    message: `the engine's answer is not readable: it could not ${what}`,
    cause,
    statusCode: null,
    engineText: "",
  });
}

function refusal({ what, error }: { what: string; error: RefusedAnswer }): EngineError {
  const { statusCode, message: engineText } = error;
  return new EngineError({
    code: "K3009",
    message: `the engine could not ${what} (status ${statusCode})`,
    // Only a bad request fails the same way each time.
    outcome: statusCode === 400 ? stalled : transient,
    cause: quoted(engineText),
    statusCode,
    engineText,
  });
}

/** An engine never redirects what Keelson asks; a web server or a proxy in its place does. */
function redirected(engine: Engine, { what, error }: { what: string; error: RefusedAnswer }): EngineError {
  const { statusCode, message: engineText, location } = error;
  return new EngineError({
    code: "K3015",
    message: `${engine.dockerHost} answers with a redirect, which is not followed: it could not ${what}`,
    hint: "Name the engine itself in DOCKER_HOST, and not what redirects to it.",
    outcome: stalled,
    cause: quoted(`status ${statusCode}, to ${location}`),
    statusCode,
    engineText,
  });
}

function unreachable(engine: Engine, { what, cause }: { what: string; cause: unknown }): EngineError {
  const denied = recordOf(cause)["code"] === "EACCES";
  return new EngineError({
    code: "K3001",
    message: `no Docker engine answers at ${engine.dockerHost}: it could not ${what}`,
    hint: denied
      ? "This user may not use the engine's socket: run as root or join the group docker."
      : "Start the engine, or name the right one in DOCKER_HOST.",
    outcome: transient,
    cause,
    statusCode: null,
    engineText: "",
  });
}
