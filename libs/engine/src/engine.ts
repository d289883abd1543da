import { KeelsonError, stalled } from "@keelson/model";
import type Docker from "dockerode";

import { EngineClient } from "./client.ts";
import { type Queue, createQueue } from "./queue.ts";
import { type EngineSocket, notDockerHost, parseDockerHost, standardDockerHost } from "./docker-host.ts";

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

/** An engine to ask; nothing is sent yet. Throws K3001 for an address that is neither `unix:` nor `tcp:`. */
export function connectEngine({
  dockerHost = standardDockerHost,
  timeoutMs = 60_000,
}: EngineAddress = {}): Engine {
  const address = addressOf(dockerHost);
  return {
    docker: new EngineClient(address),
    dockerHost,
    isLocal: "socketPath" in address,
    timeoutMs,
    composeQueue: createQueue(),
  };
}

function addressOf(dockerHost: string): EngineSocket {
  const address = parseDockerHost(dockerHost);
  if (address !== null) return address;
  throw new KeelsonError({
    code: "K3001",
    message: notDockerHost(dockerHost),
    hint: "Use unix:///path/of/docker.sock or tcp://host:port.",
    outcome: stalled,
  });
}
