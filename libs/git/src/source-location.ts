import { fileURLToPath } from "node:url";

import type { Login } from "./credential.ts";
import { gitError } from "./git-error.ts";

/** Where a source is and how it is reached. `name` stands for it in messages and never holds a credential. */
export type SourceLocation =
  | { kind: "http"; url: string; name: string; login: Login | null }
  | { kind: "ssh"; url: string; name: string }
  | { kind: "local"; path: string; name: string };

/**
 * Reads a source's URL: http(s), ssh://, `user@host:path`, an absolute path, or file://. Throws K2006 for everything
 * else, such as `ext::`, which runs a program. The message names only the scheme, since the rest may be a secret.
 */
export function locateSource(url: string): SourceLocation {
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  if (/[\u0000-\u001f\u007f]/.test(url)) throw refused("the source's URL holds a control character");
  if (url.startsWith("/")) return { kind: "local", path: url, name: url };
  if (/^https?:\/\//i.test(url)) return locateHttp(parseUrl(url));
  if (/^file:\/\//i.test(url)) return locateFile(parseUrl(url));
  if (/^ssh:\/\//i.test(url)) return locateSsh(parseUrl(url));
  // For Git, a colon before the first slash ends a host. Here it does so only behind a user.
  const scpLike = /^([^@/:]+)@([^@/:]+):([^:].*)$/.exec(url);
  if (scpLike !== null) {
    const [, user = "", host = "", path = ""] = scpLike;
    checkSsh({ user, host, path });
    return { kind: "ssh", url, name: url };
  }
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url)?.[0].toLowerCase();
  if (scheme === undefined) throw refused("the source is neither a URL nor an absolute path");
  throw refused(`a source of the kind "${scheme}:" is not permitted`);
}

function locateHttp(url: URL): SourceLocation {
  if (url.search !== "" || url.hash !== "") {
    throw refused("the source's URL has a query or a fragment, which the URL of a repository cannot have");
  }
  const name = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  return { kind: "http", url: name, name, login: loginOf(url) };
}

function locateFile(url: URL): SourceLocation {
  if (url.hostname !== "" && url.hostname !== "localhost") {
    throw refused("a file:// URL must not name a host");
  }
  try {
    const path = fileURLToPath(`file://${url.pathname}`);
    if (path.includes("\0")) throw refused("the source's URL holds a control character");
    return { kind: "local", path, name: path };
  } catch (cause) {
    throw refused("the source's file:// URL names no path", cause);
  }
}

function locateSsh(url: URL): SourceLocation {
  if (url.password !== "") throw refused("an ssh:// URL must not hold a password");
  if (url.search !== "" || url.hash !== "") throw refused("the source's URL has a query or a fragment");
  const { username: user, hostname: host, pathname: path } = url;
  checkSsh({ user: user === "" ? "git" : user, host, path: path.replace(/^\/~?/, "") });
  const login = user === "" ? "" : `${user}@`;
  const name = `ssh://${login}${url.host}${path}`;
  return { kind: "ssh", url: name, name };
}

/** A host or path that begins with `-` would be an option of ssh or of the server's Git (CVE-2017-1000117). */
function checkSsh({ user, host, path }: { user: string; host: string; path: string }): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(user))
    throw refused("the user in the source's URL is not permitted");
  if (!/^(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-f:.]+\])$/i.test(host)) {
    throw refused("the host in the source's URL is not permitted");
  }
  if (path === "" || path.startsWith("-")) throw refused("the path in the source's URL is not permitted");
}

function loginOf(url: URL): Login | null {
  if (url.username === "" && url.password === "") return null;
  try {
    return { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    // No cause: it would quote the credential.
    throw refused("the user or password in the source's URL is not percent-encoded");
  }
}

function parseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed === null) throw refused("the source's URL is malformed");
  return parsed;
}

function refused(message: string, cause?: unknown) {
  return gitError("K2006", { message, ...(cause === undefined ? {} : { cause }) });
}
