import { AsyncLocalStorage } from "node:async_hooks";

import { KeelsonError, stalled } from "@keelson/model";
import Docker from "dockerode";

import { type Queue, createQueue } from "./queue.ts";

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
    docker: makeClient(address),
    dockerHost,
    isLocal: "socketPath" in address,
    timeoutMs,
    composeQueue: createQueue(),
  };
}

/**
 * docker-modem fills what is left out from DOCKER_* of the environment, and there a host wins over our socket.
 * No agent (the modem inspects one deeply on every request, 150 times slower) and no API version (engine 29 refuses
 * those below 1.44, engine 20.10 stops at 1.41).
 */
const nothingInherited = {
  socketPath: undefined,
  host: undefined,
  port: undefined,
  protocol: "http",
  ca: undefined,
  cert: undefined,
  key: undefined,
  timeout: undefined,
} as const;

/** What ends the connections of the request that is under way: `askEngine` says it for all that it sends. */
export const connectionSignal = new AsyncLocalStorage<AbortSignal>();

/**
 * The client takes a signal in some of its calls only, and one that is forgotten there would be seen only where an
 * engine hangs: so each request gets it here, and one that nothing can end is a bug of ours.
 */
function endConnections(docker: Docker): Docker {
  const { modem } = docker;
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    const abortSignal = options.abortSignal ?? connectionSignal.getStore();
    if (abortSignal === undefined) throw new TypeError(`nothing ends the request ${options.path}`);
    dial({ ...options, abortSignal }, callback);
  };
  return docker;
}

function makeClient(address: Address): Docker {
  try {
    return endConnections(new Docker({ ...nothingInherited, ...address }));
  } catch (cause) {
    // The client reads DOCKER_HOST and DOCKER_CERT_PATH even though nothing of them is used.
    throw new KeelsonError({
      code: "K3001",
      message: "DOCKER_HOST or DOCKER_CERT_PATH of the environment is not readable",
      hint: "Correct or unset these variables.",
      outcome: stalled,
      cause,
    });
  }
}

type Address = { socketPath: string } | { host: string; port: string };

function parseAddress(dockerHost: string): Address {
  if (dockerHost.startsWith("unix:///")) return { socketPath: dockerHost.slice("unix://".length) };
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : null;
  if (url?.protocol === "tcp:" && url.hostname !== "" && url.port !== "") {
    return { host: url.hostname, port: url.port };
  }
  throw new KeelsonError({
    code: "K3001",
    message: `${dockerHost} is not the address of a Docker engine`,
    hint: "Use unix:///path/of/docker.sock or tcp://host:port.",
    outcome: stalled,
  });
}
