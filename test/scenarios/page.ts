import { request } from "node:http";
import { text } from "node:stream/consumers";

import { waitFor } from "../support/index.ts";

/** The body of a page, asked for until somebody answers: a container that runs need not listen yet. */
export async function fetchPage(url: string): Promise<string> {
  const ask = async () => (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text();
  return waitFor(ask, { what: `${url} to answer` });
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks once, at a Unix socket or a port of this machine; rejects where nobody listens. */
export async function ask(
  at: { readonly socketPath: string } | { readonly host: string; readonly port: number },
  path: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, path, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    asked.on("error", reject).setTimeout(30_000, () => asked.destroy(new Error("no answer")));
    asked.end();
  });
}
