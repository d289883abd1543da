import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

import { KeelsonError } from "@keelson/model";

import type { Deadline } from "./deadline.ts";
import { foreignCode, gitError } from "./git-error.ts";
import { networkFailure } from "./http-failure.ts";
import type { HttpPeer } from "./http-failure.ts";

export interface HttpMessage {
  url: string;
  method: string;
  headers: Record<string, string>;
  content: Buffer | undefined;
}

export interface HttpExchangeInput {
  peer: HttpPeer;
  /** `https://host:port`; nothing is sent anywhere else. */
  origin: string;
  deadline: Deadline;
  /** How long a connection may be silent. This ends connections that are half open. */
  idleTimeoutMs: number;
}

const maxRedirects = 5;

/** Sends requests to one origin over kept connections. The deadline ends all of them. Uses no proxy. */
export class HttpExchange implements Disposable {
  readonly #input: HttpExchangeInput;
  readonly #secure: boolean;
  readonly #agent: HttpAgent;
  /** The first failure: later ones are its effects. */
  #failure: KeelsonError | undefined;

  constructor(input: HttpExchangeInput) {
    this.#input = input;
    this.#secure = input.origin.startsWith("https:");
    this.#agent = this.#secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  get failure(): KeelsonError | undefined {
    return this.#failure;
  }

  /** Called when an operation begins: earlier failures were thrown already. */
  forget(): void {
    this.#failure = undefined;
  }

  /** Translates an error and returns the first failure. */
  fail(error: unknown): KeelsonError {
    this.#failure ??= this.#translate(error);
    return this.#failure;
  }

  /**
   * Sends a message and returns the answer's head, with the URL that answered. Follows redirects inside the origin, and
   * throws K2006 for one that leaves it.
   */
  async send(message: HttpMessage): Promise<{ response: IncomingMessage; url: string }> {
    let url = message.url;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const response = await this.#sendOnce({ ...message, url });
      const status = response.statusCode ?? 0;
      // 307 and 308 keep method and content (RFC 9110, 15.4). A GET has no content, so 301 and 302 do as well.
      const keeps = [307, 308].includes(status) || (message.method === "GET" && [301, 302].includes(status));
      if (!keeps) return { response, url };
      response.resume();
      url = this.#redirect(url, response.headers.location ?? "");
    }
    throw gitError("K2009", { message: `the server at ${this.#input.peer.name} redirects without end` });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #redirect(url: string, location: string): string {
    const { peer, origin } = this.#input;
    const target = URL.parse(location, url);
    if (target === null) {
      throw gitError("K2009", {
        message: `the server at ${peer.name} redirects to something that is no URL`,
      });
    }
    if (target.origin === origin) return target.href;
    const place = `${target.origin}${target.pathname}`.replace(
      /\/(?:info\/refs|git-upload-pack|git-receive-pack)$/,
      "",
    );
    throw gitError("K2006", {
      message: `the server at ${peer.name} redirects to another server, ${place}`,
      hint: "If that server is right, set source.url in agent.yaml to its URL: a credential is never sent on to another server.",
    });
  }

  async #sendOnce(message: HttpMessage): Promise<IncomingMessage> {
    const { deadline, idleTimeoutMs } = this.#input;
    const { url, method, headers, content } = message;
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method, headers, agent: this.#agent, signal: deadline.signal };
      const request = (this.#secure ? httpsRequest : httpRequest)(url, options);
      request.setTimeout(idleTimeoutMs, () => {
        request.destroy(this.fail(this.#tooSlow(`for ${idleTimeoutMs} ms`)));
      });
      let answered = false;
      request.once("response", (response) => {
        answered = true;
        resolve(response);
      });
      request.on("error", (error) => {
        const closedMeanwhile = request.reusedSocket && !answered && foreignCode(error) === "ECONNRESET";
        // The server closed the kept connection before it saw the request (nodejs.org/api/http.html, reusedSocket).
        if (closedMeanwhile && this.#failure === undefined) this.#sendOnce(message).then(resolve, reject);
        else reject(error);
      });
      request.end(content);
    });
  }

  #translate(error: unknown): KeelsonError {
    if (error instanceof KeelsonError) return error;
    const { deadline, peer } = this.#input;
    if (deadline.signal.aborted) return this.#tooSlow(`within ${deadline.timeoutMs} ms`);
    return networkFailure(error, peer);
  }

  #tooSlow(how: string): KeelsonError {
    return gitError("K2005", { message: `the server at ${this.#input.peer.name} did not answer ${how}` });
  }
}
