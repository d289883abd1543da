import { KeelsonError, stalled } from "@keelson/model";
import type Docker from "dockerode";

import { excerpt } from "./excerpt.ts";

/** A request as the client library describes it. */
export type Asked = Parameters<Docker["modem"]["dial"]>[0];

/** The same as Node's HTTP client takes it, with its body. Throws K3016 for a path that leads elsewhere. */
export function formOf(asked: Asked) {
  const { method, authconfig } = asked;
  const body = bodyOf(asked);
  return {
    path: pathOf(asked),
    ...(method === undefined ? {} : { method }),
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(authconfig === undefined ? {} : { "x-registry-auth": encode(authconfig) }),
      ...(asked.hijack === true ? { connection: "Upgrade", upgrade: "tcp" } : {}),
    },
    body,
  };
}

/** The library marks by a question mark what takes its options as a query. */
function pathOf({ path, options }: Asked): string {
  const bare = path.replace(/\?$/, "");
  requirePlain(bare);
  if (bare === path) return bare;
  const query = new URLSearchParams(
    fieldsOf(options).map(([name, value]): [string, string] => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  return query.size === 0 ? bare : `${bare}?${query.toString()}`;
}

/**
 * An engine decodes a path before it removes `..` and empty parts, and a proxy in between may read it in another way: such a
 * path is never sent.
 */
function requirePlain(path: string): void {
  const isWritten = /^[\w/.!~*'()%:@-]+$/.test(path);
  const parts = isWritten ? decodeURIComponent(path).split("/").slice(1) : [""];
  if (!parts.some((part) => part === "" || part === "." || part === "..")) return;
  throw new KeelsonError({
    code: "K3016",
    message: `Keelson does not send the request ${excerpt(path, { lines: 1, characters: 200 })}: its path leads elsewhere`,
    hint: "Rename what the path names: no empty parts, . or .. between slashes.",
    outcome: stalled,
  });
}

function bodyOf({ method, options, allowEmpty }: Asked): string | undefined {
  if (method !== "POST") return undefined;
  const fields = fieldsOf(options);
  // A start with a body is refused by the engines that we know.
  return fields.length === 0 && allowEmpty !== true ? undefined : JSON.stringify(Object.fromEntries(fields));
}

/** The library leaves its own settings among the options, and a login must never stand in a path. */
function fieldsOf(options: Asked["options"]): [string, unknown][] {
  return Object.entries(options ?? {}).filter(
    ([name, value]) => !["abortSignal", "authconfig"].includes(name) && value !== undefined && value !== null,
  );
}

/**
 * URL-safe, as the engine reads it (API reference, "Authentication"), and padded: without the padding Docker 20.10 takes the
 * login for none, and does not say so (`base64.URLEncoding` in moby's image_routes.go).
 */
function encode(authconfig: object): string {
  const text = Buffer.from(JSON.stringify(authconfig)).toString("base64url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}
