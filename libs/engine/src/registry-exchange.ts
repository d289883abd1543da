import { KeelsonError } from "@keelson/model";

import { isOfThisMachine } from "./registry-address.ts";
import { isAway, isNonsense } from "./registry-fault.ts";

export interface RegistryRequest {
  /** The image that is asked for, for messages. */
  reference: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Sent by POST, as a form. */
  form?: URLSearchParams;
  /** The value of `Authorization`, which no other host gets. */
  authorization: string | null;
  /** The longest body that is read. */
  limitBytes: number;
  /** End of the whole answer. */
  timeoutMs: number;
  signal: AbortSignal;
}

export interface RegistryAnswer {
  status: number;
  headers: Headers;
  bytes: Buffer;
}

/** Registries keep what is large elsewhere, and lead there. */
const mostRedirects = 5;

/**
 * One answer of a registry, with its whole body. Throws K3003 when there is none in time, and K3071 for a body that is too long
 * and for a redirect that leads in circles or to a place without TLS.
 */
export async function askForBytes(request: RegistryRequest): Promise<RegistryAnswer> {
  const ends = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)]);
  let { url } = request;
  for (let count = 0; count <= mostRedirects; count++) {
    const answer = await send(request, { url, ends });
    if (!isRedirect(answer)) return answer;
    // What is sent as a form is a login itself.
    if (request.form !== undefined)
      throw isNonsense(request.reference, "the server of its tokens leads elsewhere");
    url = nextUrl(request, { url, location: answer.headers.get("location") });
  }
  throw isNonsense(request.reference, "it leads from one address to another without an end");
}

async function send(
  request: RegistryRequest,
  { url, ends }: { url: URL; ends: AbortSignal },
): Promise<RegistryAnswer> {
  const { reference, headers, form, authorization, limitBytes, timeoutMs } = request;
  const isOwn = url.origin === request.url.origin;
  try {
    const response = await fetch(url, {
      ...(form === undefined ? {} : { method: "POST", body: form }),
      headers: {
        ...headers,
        "user-agent": "keelson",
        ...(authorization === null || !isOwn ? {} : { authorization }),
      },
      redirect: "manual",
      signal: ends,
    });
    const bytes = await readBody(response, limitBytes);
    if (bytes === null)
      throw isNonsense(reference, `an answer is larger than ${limitBytes / 1024 / 1024} MiB`);
    return { status: response.status, headers: response.headers, bytes };
  } catch (error) {
    if (request.signal.aborted || error instanceof KeelsonError || !(error instanceof Error)) throw error;
    throw isAway(reference, causeOf(error, timeoutMs));
  }
}

/** The body as it was sent, decompressed where it was; null when it is too long. */
async function readBody(response: Response, limitBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limitBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isRedirect({ status }: RegistryAnswer): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function nextUrl(
  { reference, url: first }: RegistryRequest,
  { url, location }: { url: URL; location: string | null },
): URL {
  const next = location === null || !URL.canParse(location, url.href) ? null : new URL(location, url);
  // The address is not repeated: a registry may have written the login into it.
  if (next === null || hasLogin(next)) throw isNonsense(reference, "it leads to what is no address");
  if (isSafe(next, first)) return next;
  throw isNonsense(reference, "it leads to an address without TLS");
}

/** Whether an address has a login in itself, which nobody but Keelson is to give. */
export function hasLogin({ username, password }: URL): boolean {
  return username !== "" || password !== "";
}

/** Without TLS only this machine is asked, and only where one of its own registries leads there. */
export function isSafe(next: URL, from: URL): boolean {
  if (next.protocol === "https:") return true;
  return next.protocol === "http:" && isOfThisMachine(next.host) && isOfThisMachine(from.host);
}

/** `fetch` says why in the cause of its error. */
function causeOf(error: Error, timeoutMs: number): unknown {
  if (error.name === "TimeoutError") return new Error(`no whole answer within ${timeoutMs / 1000} s`);
  return error.cause ?? error;
}
