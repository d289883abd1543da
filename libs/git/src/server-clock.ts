import { startDeadline } from "./deadline.ts";
import { HttpExchange } from "./http-exchange.ts";
import { locateSource } from "./source-location.ts";

/** The header `Date` (RFC 9110, 6.6.1) has whole seconds, rounded down: on average half a second is missing. */
const cutOffMs = 500;

/**
 * How many milliseconds this machine's clock is ahead of a Git server's, exact to about a second; null where the server
 * does not say, or the URL is not http(s). Sends one request without a credential, since a refusal has a date too.
 * Throws K2001, K2005 and K2006.
 */
export async function compareServerClock(input: { url: string; timeoutMs: number }): Promise<number | null> {
  const location = locateSource(input.url);
  if (location.kind !== "http") return null;
  const { url } = location;
  const { timeoutMs } = input;
  using exchange = new HttpExchange({
    peer: { name: url, authorised: false },
    origin: new URL(url).origin,
    deadline: startDeadline(timeoutMs),
    idleTimeoutMs: timeoutMs,
  });
  try {
    const sentAt = Date.now();
    const { response } = await exchange.send({
      url: `${url}/info/refs?service=git-upload-pack`,
      method: "GET",
      headers: { "user-agent": "git/keelson" },
      content: undefined,
    });
    const middle = (sentAt + Date.now()) / 2;
    response.destroy();
    const said = Date.parse(response.headers.date ?? "");
    return Number.isNaN(said) ? null : Math.round(middle - said - cutOffMs);
  } catch (error) {
    throw exchange.fail(error);
  }
}
