import { pollError } from "./poll-error.ts";

/** Where `node:http` finds an engine. */
export type PollAddress = { socketPath: string } | { host: string; port: string };

/** Throws K3001, not transient, for an address that is neither `unix:///path` nor `tcp://host:port`. */
export function parsePollAddress(dockerHost: string): PollAddress {
  if (dockerHost.startsWith("unix:///")) return { socketPath: dockerHost.slice("unix://".length) };
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : null;
  if (url?.protocol === "tcp:" && url.hostname !== "" && url.port !== "") {
    // A URL keeps the brackets of an IPv6 address, a connection takes none.
    return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: url.port };
  }
  throw pollError({
    code: "K3001",
    message: `${dockerHost} is not the address of a Docker engine`,
    isTransient: false,
  });
}
