import { AsyncLocalStorage } from "node:async_hooks";
import { type IncomingMessage, request } from "node:http";
import { type Duplex, addAbortSignal } from "node:stream";

import type Docker from "dockerode";

import { recordOf, textOf } from "./json-reader.ts";
import { type Asked, formOf } from "./request-form.ts";
import { readBody } from "./answer-body.ts";
import { type EngineSocket } from "./docker-host.ts";

/** An answer that is no success. A redirect is one: Keelson asks nothing but the engine. */
export class RefusedAnswer extends Error {
  readonly statusCode: number;
  /** Where a redirect leads. */
  readonly location: string;

  constructor({ statusCode, location, text }: { statusCode: number; location: string; text: string }) {
    super(text);
    this.statusCode = statusCode;
    this.location = location;
  }
}

/** An answer that no engine gives. */
export class OddAnswer extends Error {}

const tooLong = (reason: string) => new OddAnswer(reason);

/** Ends the connections of the present request: `askEngine` sets it for all that it sends. */
export const connectionSignal = new AsyncLocalStorage<AbortSignal>();

/**
 * How the client library sends a request. Its own way follows redirects to any host, and does not listen to errors there.
 * Gives a parsed answer, or its bytes when it is no JSON; a stream; or the connection of a command. A failure of the last
 * two reaches their readers, and never ends the process.
 */
export function makeDial(address: EngineSocket): Docker["modem"]["dial"] {
  return (asked, callback = () => {}) => {
    exchange(address, asked)
      .then((answer) => callback(null, answer))
      .catch((error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null));
  };
}

async function exchange(address: EngineSocket, asked: Asked): Promise<object> {
  const answer = await send(address, asked);
  if (!("statusCode" in answer)) return answer;
  const { statusCode = 0, headers } = answer;
  if (statusCode < 200 || statusCode > 299) {
    const text = messageOf(await readBody(answer, tooLong));
    throw new RefusedAnswer({ statusCode, location: headers.location ?? "", text });
  }
  if (asked.hijack === true) throw new OddAnswer("it keeps the connection to itself");
  return asked.isStream === true ? answer : parse(await readBody(answer, tooLong));
}

/**
 * The client takes a signal in some of its calls only, and a forgotten one would show only where an engine hangs. So each
 * request gets it here, and a request that nothing can end is a bug of ours.
 */
async function send(address: EngineSocket, asked: Asked): Promise<IncomingMessage | Duplex> {
  const signal = asked.abortSignal ?? connectionSignal.getStore();
  if (signal === undefined) throw new TypeError(`nothing ends the request ${asked.path}`);
  const begun = Promise.withResolvers<IncomingMessage | Duplex>();
  const { body, ...form } = formOf(asked);
  const sent = request({ ...address, ...form, signal });
  sent.on("error", begun.reject);
  sent.on("response", (response) => {
    response.on("error", () => {});
    addAbortSignal(signal, response);
    begun.resolve(response);
  });
  sent.on("upgrade", (_response, connection, head) => {
    connection.on("error", begun.reject);
    if (head.length > 0) connection.unshift(head);
    if (asked.hijack === true) begun.resolve(connection);
    else connection.destroy(new OddAnswer("it makes another connection of it"));
  });
  sent.end(body);
  return begun.promise;
}

function parse(bytes: Buffer): object {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null ? value : bytes;
  } catch {
    return bytes; // a log that is not followed is no JSON
  }
}

/** What the engine says of a failure (API reference, ErrorResponse), or all that it says. */
function messageOf(bytes: Buffer): string {
  return textOf(recordOf(parse(bytes))["message"]) || bytes.toString("utf8").trim();
}
