import { once } from "node:events";
import { type Agent, type ClientRequest, type IncomingMessage, get } from "node:http";

import type { EngineSocket } from "./docker-host.ts";
import { codeOf, refusal, translatePoll, unreachable, unreadable } from "./poll-error.ts";
import { readBody } from "./answer-body.ts";

export interface PollConnection {
  dockerHost: string;
  address: EngineSocket;
  timeoutMs: number;
  /** Keeps one connection open between requests. */
  agent: Agent;
  /** What ends each request that is under way. */
  pending: Set<(error: Error) => void>;
}

export interface PollQuery {
  path: string;
  /** Completes "the engine could not …". */
  what: string;
  /** Null and no error for what the engine does not have. */
  mayBeAbsent?: boolean;
}

/** The engine's answer to a GET, parsed. It always ends; throws K3001 or K3009. */
export async function askPoll(connection: PollConnection, query: PollQuery): Promise<unknown> {
  const { dockerHost, timeoutMs, pending } = connection;
  const over = Promise.withResolvers<never>();
  const request = new AbortController();
  const end = (cause: Error) => {
    over.reject(unreachable(dockerHost, cause));
    request.abort();
  };
  const timer = setTimeout(() => end(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  pending.add(end);
  try {
    return await Promise.race([readAnswer(connection, { ...query, signal: request.signal }), over.promise]);
  } catch (error) {
    throw translatePoll(error, { dockerHost, what: query.what });
  } finally {
    clearTimeout(timer);
    pending.delete(end);
  }
}

async function readAnswer(
  connection: PollConnection,
  query: PollQuery & { signal: AbortSignal },
): Promise<unknown> {
  const { what, mayBeAbsent = false } = query;
  const response = await openResponse(connection, query);
  const body = await readText(response, what);
  if (mayBeAbsent && response.statusCode === 404) return null;
  if (response.statusCode !== 200) throw refusal({ what, statusCode: response.statusCode ?? 0, body });
  try {
    return JSON.parse(body);
  } catch (error) {
    throw unreadable(what, error);
  }
}

/**
 * The engine may close a kept connection (it was restarted) at the moment it is used again. That is no failure of the
 * engine, so a new connection is tried.
 */
async function openResponse(
  { address, agent }: PollConnection,
  { path, signal }: { path: string; signal: AbortSignal },
): Promise<IncomingMessage> {
  for (;;) {
    const request = get({ ...address, path, agent, signal });
    ignoreLateErrors(request);
    try {
      const [response]: IncomingMessage[] = await once(request, "response");
      if (response !== undefined) return response;
    } catch (error) {
      const isStale = request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(codeOf(error));
      if (!isStale || signal.aborted) throw error;
    }
  }
}

/** A connection that breaks inside an answer fails at the answer, too; the request's own error, unheard, would end the process. */
function ignoreLateErrors(request: ClientRequest): void {
  request.on("error", () => {});
}

/** Throws K3009 when it is too long. */
export async function readText(response: IncomingMessage, what: string): Promise<string> {
  const bytes = await readBody(response, (reason) => unreadable(what, new Error(reason)));
  return bytes.toString("utf8");
}
