import type { IncomingMessage } from "node:http";

import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git";
import type { KeelsonError } from "@keelson/model";

import type { Login } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import { gitError } from "./git-error.ts";
import { collect, withHead } from "./http-advertisement.ts";
import { HttpExchange } from "./http-exchange.ts";
import { statusFailure } from "./http-failure.ts";

export interface GitHttpClientInput {
  /** The repository, without credentials and without a slash at its end. */
  url: string;
  login: Login | null;
  deadline: Deadline;
  idleTimeoutMs: number;
  maxResponseBytes: number;
}

type Body = AsyncIterableIterator<Uint8Array> & { error?: unknown };

/**
 * The client that isomorphic-git uses for the smart protocol of one repository (gitprotocol-http(5)). The credential
 * goes along with every request, so that none is made twice, and to the repository's own origin only.
 */
export class GitHttpClient implements HttpClient, Disposable {
  readonly #input: GitHttpClientInput;
  readonly #exchange: HttpExchange;
  /** Where the repository really is, once a redirect said so. */
  #baseUrl: string;
  #bodies: Body[] = [];

  constructor(input: GitHttpClientInput) {
    const { url, login, deadline, idleTimeoutMs } = input;
    const peer = { name: url, authorised: login !== null };
    this.#input = input;
    this.#exchange = new HttpExchange({ peer, origin: new URL(url).origin, deadline, idleTimeoutMs });
    this.#baseUrl = url;
  }

  /**
   * Runs an operation of isomorphic-git that uses this client. Throws what the network did wrong, whatever the
   * operation made of it: it takes an answer that was cut for a complete one.
   */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.#bodies = [];
    let result: T;
    try {
      result = await operation();
    } catch (error) {
      throw this.#failure() ?? error;
    }
    const failure = this.#failure();
    if (failure !== undefined) throw failure;
    return result;
  }

  /** What isomorphic-git calls. */
  async request({ url, method = "GET", headers = {}, body }: GitHttpRequest): Promise<GitHttpResponse> {
    try {
      // isomorphic-git hands over arrays, whatever its types say.
      const content = body === undefined ? undefined : await collect(body);
      const rest = url.slice(this.#input.url.length);
      const { response, url: answeredBy } = await this.#exchange.send({
        url: `${this.#baseUrl}${rest}`,
        method,
        headers: { ...headers, ...this.#ownHeaders(content) },
        content,
      });
      this.#check(response, answerType(method, rest));
      // The pack is asked for where the refs were found, as Git does it.
      if (method === "GET" && answeredBy.endsWith(rest)) this.#baseUrl = answeredBy.slice(0, -rest.length);
      const isList = rest.startsWith("/info/refs") && rest.endsWith("git-upload-pack");
      const stream: Body = isList ? withHead(this.#read(response)) : this.#read(response);
      this.#bodies.push(stream);
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

  async *#read(response: IncomingMessage): Body {
    const { url, maxResponseBytes } = this.#input;
    let bytes = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxResponseBytes) {
          const message = `the server at ${url} sends more than ${maxResponseBytes} bytes`;
          throw gitError("K2007", { message });
        }
        yield chunk;
      }
      // Even an answer without a ref has a last packet: nothing at all must not be read as "no such branch".
      if (bytes === 0) throw gitError("K2009", { message: `the server at ${url} answers nothing` });
    } catch (error) {
      throw this.#exchange.fail(error);
    }
  }

  #failure(): KeelsonError | undefined {
    if (this.#exchange.failure !== undefined) return this.#exchange.failure;
    // isomorphic-git notes on the body what it could not read there, and goes on.
    const unread = this.#bodies.find((body) => body.error !== undefined);
    if (unread === undefined) return undefined;
    const message = `the server at ${this.#input.url} answers something that is not Git's protocol`;
    return gitError("K2009", { message, cause: unread.error });
  }
}

/** `/info/refs?service=SERVICE` advertises, `/SERVICE` answers (gitprotocol-http(5)). */
function answerType(method: string, rest: string): string {
  const service = rest.endsWith("git-receive-pack") ? "git-receive-pack" : "git-upload-pack";
  return `application/x-${service}-${method === "GET" ? "advertisement" : "result"}`;
}
