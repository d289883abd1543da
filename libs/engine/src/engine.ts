import { KeelsonError, stalled } from "@keelson/model";
import type Docker from "dockerode";

import { EngineClient } from "./client.ts";
import { type Queue, createQueue } from "./queue.ts";
import type { Address } from "./transport.ts";

/** A connection to one Docker engine. It holds no socket open while nothing is asked. */
export interface Engine {
  readonly docker: Docker;
  /** `unix:///path` or `tcp://host:port`, as DOCKER_HOST. */
  readonly dockerHost: string;
  /** The engine is on this machine, so its ports are this machine's. */
  readonly isLocal: boolean;
  /** End of a request that says nothing else. */
  readonly timeoutMs: number;
  /** One Compose at a time for each project: two would recreate each other's containers. */
  readonly composeQueue: Queue;
}

export interface EngineAddress {
  /** `unix:///path` or `tcp://host:port`; default the engine of this machine. */
  dockerHost?: string;
  /** Default 60 s. */
  timeoutMs?: number;
}

const defaultHost = "unix:///var/run/docker.sock";

/** An engine to ask; nothing is sent yet. Throws K3001 for an address that is neither `unix:` nor `tcp:`. */
export function connectEngine({ dockerHost = defaultHost, timeoutMs = 60_000 }: EngineAddress = {}): Engine {
  const address = parseAddress(dockerHost);
  return {
    docker: new EngineClient(address),
    dockerHost,
    isLocal: "socketPath" in address,
    timeoutMs,
    composeQueue: createQueue(),
  };
}

function parseAddress(dockerHost: string): Address {
  if (dockerHost.startsWith("unix:///")) return { socketPath: dockerHost.slice("unix://".length) };
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : null;
  if (url?.protocol === "tcp:" && url.hostname !== "" && url.port !== "") {
    // A URL keeps the brackets of an IPv6 address, a connection takes none.
    return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: url.port };
  }
  throw new KeelsonError({
    code: "K3001",
    message: `${dockerHost} is not the address of a Docker engine`,
    hint: "Use unix:///path/of/docker.sock or tcp://host:port.",
    outcome: stalled,
  });
}
