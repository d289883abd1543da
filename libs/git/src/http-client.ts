import type { IncomingMessage } from "node:http";

import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git";
import type { KeelsonError } from "@keelson/model";

import type { Login } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import { gitError } from "./git-error.ts";
import { collect, withHead } from "./http-advertisement.ts";
import { HttpExchange } from "./http-exchange.ts";
import { notGit, statusFailure, tooLong } from "./http-failure.ts";
import type { PackLimits } from "./pack-limits.ts";
import { openPackReceiver } from "./pack-receiver.ts";
import type { PackReceiver } from "./pack-receiver.ts";
import { divertPack, limitPackets } from "./packet-stream.ts";

export interface GitHttpClientInput {
  /** The repository, without credentials and without a slash at its end. */
  url: string;
  login: Login | null;
  deadline: Deadline;
  idleTimeoutMs?: number;
  /** The limit of an answer without a pack, and of what comes beside a pack: both are held in memory. */
  maxResponseBytes?: number;
}

/** A server that prepares a large pack says something every 5 seconds (uploadpack.keepAlive of git-config(1)). */
const defaultIdleTimeoutMs = 30_000;
/** A list of some 200,000 refs. */
const defaultMaxResponseBytes = 16 * 1024 * 1024;

interface Body {
  stream: AsyncIterableIterator<Uint8Array> & { error?: unknown };
  response: IncomingMessage;
}

/**
 * The client that isomorphic-git uses for the smart protocol of one repository (gitprotocol-http(5)). Every request has
 * the credential, so that none is made twice. The credential goes to the repository's own origin only.
 */
export class GitHttpClient implements HttpClient, Disposable {
  readonly #input: GitHttpClientInput;
  readonly #exchange: HttpExchange;
  /** Where a redirect said that the repository is; the given URL until then. */
  #baseUrl: string;
  #bodies: Body[] = [];

  constructor(input: GitHttpClientInput) {
    const { url, login, deadline, idleTimeoutMs = defaultIdleTimeoutMs } = input;
    const peer = { name: url, authorised: login !== null };
    this.#input = input;
    this.#exchange = new HttpExchange({ peer, origin: new URL(url).origin, deadline, idleTimeoutMs });
    this.#baseUrl = url;
  }

  /**
   * Runs an operation of isomorphic-git that uses this client. Throws the network's error also when the operation
   * succeeds: isomorphic-git takes an answer that was cut off for a complete one.
   */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.#bodies = [];
    this.#exchange.forget();
    try {
      const result = await operation();
      const failure = this.#failure();
      if (failure !== undefined) throw failure;
      return result;
    } catch (error) {
      throw this.#failure() ?? error;
    } finally {
      // isomorphic-git may go on reading after it has failed.
      for (const { response } of this.#bodies) if (!response.complete) response.destroy();
      this.#bodies = [];
    }
  }

  /** The same for a fetch, whose pack goes to a receiver. Throws K2017 for a pack over a limit. */
  async receive<T>(
    { gitDir, limits }: { gitDir: string; limits: PackLimits },
    operation: (receiver: PackReceiver) => Promise<T>,
  ): Promise<T> {
    const { url, deadline } = this.#input;
    const { signal } = deadline;
    await using receiver = await openPackReceiver({ gitDir, limits, name: `the server at ${url}`, signal });
    return await this.run(async () => {
      const result = await operation(receiver);
      await receiver.install().catch((error: unknown) => {
        throw this.#exchange.fail(error);
      });
      return result;
    });
  }

  /** A client that takes the pack out of each answer and gives it to the receiver. */
  divertTo(receiver: PackReceiver): HttpClient {
    return { request: (request) => this.#request(request, receiver) };
  }

  /** What isomorphic-git calls. */
  async request(request: GitHttpRequest): Promise<GitHttpResponse> {
    return await this.#request(request, null);
  }

  async #request(
    { url, method = "GET", headers = {}, body }: GitHttpRequest,
    receiver: PackReceiver | null,
  ): Promise<GitHttpResponse> {
    try {
      // isomorphic-git gives arrays, although its types say otherwise.
      const content = body === undefined ? undefined : await collect(body);
      const rest = url.slice(this.#input.url.length);
      const { response, url: answeredBy } = await this.#exchange.send({
        url: `${this.#baseUrl}${rest}`,
        method,
        headers: { ...headers, ...this.#ownHeaders(content) },
        content,
      });
      this.#check(response, answerType(method, rest));
      // Like Git, ask for the pack at the URL that listed the refs.
      if (method === "GET" && answeredBy.endsWith(rest)) this.#baseUrl = answeredBy.slice(0, -rest.length);
      const stream = this.#open(response, { rest, receiver: method === "POST" ? receiver : null });
      this.#bodies.push({ stream, response });
      const answer = { url, method, statusCode: 200, statusMessage: "OK", body: stream };
      return { ...answer, headers: { "content-type": response.headers["content-type"] ?? "" } };
    } catch (error) {
      throw this.#exchange.fail(error);
    }
  }

  [Symbol.dispose](): void {
    this.#exchange[Symbol.dispose]();
  }

  #ownHeaders(content: Buffer | undefined): Record<string, string> {
    const { login } = this.#input;
    const headers: Record<string, string> = { "user-agent": "git/keelson" };
    if (login !== null) {
      const pair = Buffer.from(`${login.username}:${login.password}`, "utf8").toString("base64");
      headers["authorization"] = `Basic ${pair}`;
    }
    if (content !== undefined) headers["content-length"] = String(content.length);
    return headers;
  }

  #check(response: IncomingMessage, type: string): void {
    const { url, login } = this.#input;
    const { statusCode = 0, headers } = response;
    const speaksGit = headers["content-type"] === type && headers["content-encoding"] === undefined;
    if (statusCode === 200 && speaksGit) return;
    response.destroy();
    if (statusCode !== 200) throw statusFailure(statusCode, { name: url, authorised: login !== null });
    throw gitError("K2009", { message: `the server at ${url} does not speak Git's smart HTTP protocol` });
  }

  #open(
    response: IncomingMessage,
    { rest, receiver }: { rest: string; receiver: PackReceiver | null },
  ): Body["stream"] {
    const { url, maxResponseBytes = defaultMaxResponseBytes } = this.#input;
    if (receiver !== null) {
      const body = this.#read(response, receiver.packBytes + maxResponseBytes);
      return this.#watch(limitPackets(divertPack(body, { receiver, name: url }), url));
    }
    const body = limitPackets(this.#read(response, maxResponseBytes), url);
    const isList = rest.startsWith("/info/refs") && rest.endsWith("git-upload-pack");
    return this.#watch(isList ? withHead(body) : body);
  }

  async *#watch(body: AsyncIterable<Uint8Array>): Body["stream"] {
    const operation = this.#bodies;
    try {
      yield* body;
    } catch (error) {
      // A body of an operation that has ended must not fail the next one.
      throw operation === this.#bodies ? this.#exchange.fail(error) : error;
    }
  }

  async *#read(response: IncomingMessage, maxBytes: number): AsyncIterable<Uint8Array> {
    const { url } = this.#input;
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw tooLong(`the server at ${url} sends more than ${maxBytes} bytes`);
      }
      yield chunk;
    }
    // Even an answer without a ref has a last packet. An empty answer must not be read as "no such branch".
    if (bytes === 0) throw gitError("K2009", { message: `the server at ${url} sent an empty answer` });
  }

  #failure(): KeelsonError | undefined {
    if (this.#exchange.failure !== undefined) return this.#exchange.failure;
    // isomorphic-git goes on after it could not read a body, and only sets the error on it.
    const unread = this.#bodies.find(({ stream }) => stream.error !== undefined);
    if (unread === undefined) return undefined;
    return notGit(this.#input.url, unread.stream.error);
  }
}

/** `/info/refs?service=SERVICE` advertises, `/SERVICE` answers (gitprotocol-http(5)). */
function answerType(method: string, rest: string): string {
  const service = rest.endsWith("git-receive-pack") ? "git-receive-pack" : "git-upload-pack";
  return `application/x-${service}-${method === "GET" ? "advertisement" : "result"}`;
}
