import type { RegistryLogin } from "./docker-config.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { type RegistryRequest, askForBytes, hasLogin, isSafe } from "./registry-exchange.ts";
import { isAway, isNonsense } from "./registry-fault.ts";
import { RegistryRefusal } from "./registry-refusal.ts";

/** What a registry wants before it answers (RFC 9110, `WWW-Authenticate`). */
interface Challenge {
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

export interface TokenInput extends Pick<RegistryRequest, "reference" | "timeoutMs" | "signal"> {
  /** The registry that asks. */
  registry: URL;
  /** `team/app` */
  repository: string;
  login: RegistryLogin | null;
}

const longestTokenBytes = 1024 * 1024;
/** The name under which a program gets tokens from a login that is a token itself. */
const clientId = "keelson";

/**
 * What to send as `Authorization` to a registry that has answered with this challenge: the login itself, or a token of the server
 * that the challenge names. Throws `RegistryRefusal` where the login is not enough, K3003 and K3071.
 */
export async function authorizationFor(header: string | null, input: TokenInput): Promise<string> {
  const challenges = challengesOf(header ?? "");
  const { login } = input;
  if (challenges.some(({ scheme }) => scheme === "bearer") && login?.registrytoken !== undefined)
    return `Bearer ${login.registrytoken}`;
  const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
  if (bearer !== undefined) return `Bearer ${await askForToken(bearer, input)}`;
  const pair = pairOf(login);
  if (challenges.some(({ scheme }) => scheme === "basic") && pair !== null) return pair;
  throw new RegistryRefusal("refused");
}

async function askForToken({ parameters }: Challenge, input: TokenInput): Promise<string> {
  const { reference, registry, repository, login } = input;
  const realm = parameters.get("realm") ?? "";
  if (!URL.canParse(realm)) throw isNonsense(reference, "the server of its tokens is no address");
  const url = new URL(realm);
  if (hasLogin(url)) throw isNonsense(reference, "the server of its tokens is no address");
  if (!isSafe(url, registry)) throw isNonsense(reference, "the server of its tokens has no TLS");
  const service = parameters.get("service");
  const asked = {
    ...(service === undefined ? {} : { service }),
    scope: `repository:${repository}:pull`,
  };
  const form =
    login?.identitytoken === undefined
      ? null
      : new URLSearchParams({
          grant_type: "refresh_token",
          client_id: clientId,
          refresh_token: login.identitytoken,
          ...asked,
        });
  if (form === null) for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  const answer = await askForBytes({
    ...input,
    url,
    headers: { accept: "application/json" },
    ...(form === null ? {} : { form }),
    authorization: form === null ? pairOf(login) : null,
    limitBytes: longestTokenBytes,
  });
  if ([400, 401, 403].includes(answer.status)) throw new RegistryRefusal("refused");
  if (answer.status !== 200)
    throw isAway(reference, new Error(`the server of its tokens answers ${answer.status}`));
  const { token, access_token: accessToken } = recordOf(parseJson(answer.bytes));
  const found = textOf(token) || textOf(accessToken);
  if (!/^[\x21-\x7e]+$/.test(found)) throw isNonsense(reference, "the server of its tokens gives none");
  return found;
}

function pairOf(login: RegistryLogin | null): string | null {
  if (login?.username === undefined || login.password === undefined) return null;
  return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
}

/** Schemes are separated like their parameters, by commas: a word without `=` begins one. */
function challengesOf(header: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const parts = header.slice(0, 4096).matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)/g);
  for (const [, name = "", text, plain, scheme] of parts) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else found.at(-1)?.parameters.set(name.toLowerCase(), text?.replace(/\\(.)/g, "$1") ?? plain ?? "");
  }
  return found;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null; // told as an answer without a token
  }
}
