import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

import { codeOfNetworkError } from "./http-code.ts";
import { RefPollError } from "./poll-error.ts";

export interface PollConnectionInput {
  /** The repository's URL without a credential, also its name in messages. Nothing is sent to another origin. */
  name: string;
  login: { username: string; password: string } | null;
  timeoutMs: number;
}

export interface PollMessage {
  url: string;
  headers: Record<string, string>;
  /** Makes the message a POST, which follows no redirect. */
  content?: Buffer;
}

export interface PollAnswer {
  status: number;
  contentType: string;
  body: Buffer;
  /** The URL that answered. */
  url: string;
}

const maxRedirects = 5;
/** Enough for a server of the older protocol, which lists all its refs. */
const maxResponseBytes = 16 * 1024 * 1024;

/** One kept connection for polls, one at a time. It must leak nothing for each poll: the watcher runs for a year. */
export class PollConnection {
  readonly #input: PollConnectionInput;
  readonly #secure: boolean;
  readonly #agent: HttpAgent;
  readonly #authorization: Record<string, string>;
  #request: ClientRequest | null = null;
  #timedOut = false;

  constructor(input: PollConnectionInput) {
    const { name, login } = input;
    this.#input = input;
    this.#secure = name.startsWith("https:");
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#secure ? new HttpsAgent(options) : new HttpAgent(options);
    const pair = login === null ? "" : Buffer.from(`${login.username}:${login.password}`).toString("base64");
    this.#authorization = login === null ? {} : { authorization: `Basic ${pair}` };
  }

  /** Starts the time limit for all messages up to `clear` together. */
  startDeadline(): { clear: () => void } {
    this.#timedOut = false;
    const timer = setTimeout(() => {
      this.#timedOut = true;
      this.#request?.destroy(this.#tooSlow());
    }, this.#input.timeoutMs);
    return { clear: () => clearTimeout(timer) };
  }

  /** Sends a message and reads the whole answer, whatever its status. Throws `RefPollError`. */
  async send(message: PollMessage): Promise<PollAnswer> {
    const { name } = this.#input;
    let url = message.url;
    try {
      for (let redirects = 0; redirects <= maxRedirects; redirects++) {
        const { response, body } = await this.#sendOnce({ ...message, url });
        const status = response.statusCode ?? 0;
        if (message.content !== undefined || ![301, 302, 307, 308].includes(status)) {
          return { status, contentType: typeOf(response), body, url };
        }
        url = this.#redirect(url, response.headers.location ?? "");
      }
    } catch (error) {
      throw this.#translate(error);
    }
    throw new RefPollError("K2009", { message: `the server at ${name} redirects without end` });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #sendOnce(message: PollMessage): Promise<{ response: IncomingMessage; body: Buffer }> {
    const { url, headers, content } = message;
    if (this.#timedOut) throw this.#tooSlow();
    const method = content === undefined ? "GET" : "POST";
    const length = content === undefined ? {} : { "content-length": String(content.length) };
    return await new Promise((resolve, reject) => {
      const request = (this.#secure ? httpsRequest : httpRequest)(url, {
        method,
        headers: { ...headers, ...this.#authorization, ...length },
        agent: this.#agent,
      });
      this.#request = request;
      let answered = false;
      request.once("response", (response) => {
        answered = true;
        this.#read(response).then((body) => resolve({ response, body }), reject);
      });
      request.on("error", (error) => {
        const closed = request.reusedSocket && !answered && "code" in error && error.code === "ECONNRESET";
        // The server closed the kept connection before it saw the message (nodejs.org/api/http.html, reusedSocket).
        if (closed && !this.#timedOut) this.#sendOnce(message).then(resolve, reject);
        else reject(error);
      });
      request.end(content);
    });
  }

  async #read(response: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxResponseBytes) {
        const message = `the server at ${this.#input.name} sends more than ${maxResponseBytes} bytes`;
        throw new RefPollError("K2007", { message });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #redirect(url: string, location: string): string {
    const { name } = this.#input;
    const target = URL.parse(location, url);
    if (target === null) {
      throw new RefPollError("K2009", {
        message: `the server at ${name} redirects to something that is no URL`,
      });
    }
    if (target.origin === new URL(name).origin) return target.href;
    const message = `the server at ${name} redirects to another server, ${target.origin}`;
    throw new RefPollError("K2006", { message });
  }

  #translate(error: unknown): RefPollError {
    if (this.#timedOut) return this.#tooSlow();
    if (error instanceof RefPollError) return error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const message = `no answer from the server at ${this.#input.name}`;
    return new RefPollError(codeOfNetworkError(code), { message, cause: error });
  }

  #tooSlow(): RefPollError {
    const { name, timeoutMs } = this.#input;
    return new RefPollError("K2005", {
      message: `the server at ${name} did not answer within ${timeoutMs} ms`,
    });
  }
}

/** The type of the content; empty for a compressed answer, since none was asked for. */
function typeOf(response: IncomingMessage): string {
  return response.headers["content-encoding"] === undefined ? (response.headers["content-type"] ?? "") : "";
}
