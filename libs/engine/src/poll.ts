import { Agent } from "node:http";

import type { Awaited } from "@keelson/model";

import { notDockerHost, parseDockerHost, standardDockerHost } from "./docker-host.ts";
import { type PolledContainer, parseContainers } from "./poll-container.ts";
import type { Interest } from "./poll-interest.ts";
import { findArrived } from "./poll-awaited.ts";
import { type PollConnection, askPoll } from "./poll-request.ts";
import { type Watch, type WatchRequest, watchEvents } from "./poll-watch.ts";
import { pollError } from "./poll-error.ts";

export type { PolledContainer } from "./poll-container.ts";
export type { PollError } from "./poll-error.ts";
export type { PolledEvent } from "./poll-event.ts";
export { steadyMs } from "./poll-steady.ts";
export type { Span } from "./poll-uptime.ts";
export type { Watch, WatchRequest } from "./poll-watch.ts";

export interface EnginePollOptions {
  /** `unix:///path` or `tcp://host:port`; default the engine of this machine. */
  dockerHost?: string;
  /** End of a list, and of the wait for the stream of events to open. */
  timeoutMs: number;
}

/** A connection to an engine that only reads, for a process that stays: it loads `node:` modules and nothing else. */
export interface EnginePoll {
  /** All containers that concern the environment, ours or not, also those that do not run. Throws a `PollError`. */
  list(request: Interest): Promise<PolledContainer[]>;
  /** Those of what a round awaits that are there, free or gone by now. Throws a `PollError`. */
  findArrived(awaits: readonly Awaited[]): Promise<Awaited[]>;
  watch(request: WatchRequest): Watch;
  /** Ends open lists (K3001) and watches; nothing of it keeps the process alive after that. */
  close(): void;
}

/** Nothing is sent yet. Throws K3001, not transient, for an address that is neither `unix:` nor `tcp:`. */
export function openEnginePoll({
  dockerHost = standardDockerHost,
  timeoutMs,
}: EnginePollOptions): EnginePoll {
  const address = parseDockerHost(dockerHost);
  if (address === null) {
    throw pollError({ code: "K3001", message: notDockerHost(dockerHost), isTransient: false });
  }
  const connection: PollConnection = {
    dockerHost,
    address,
    timeoutMs,
    agent: new Agent({ keepAlive: true, maxFreeSockets: 1 }),
    pending: new Set(),
  };
  return {
    list: async (interest) => {
      // All of them: no filter finds a label or a name. No version in the path: engine 29 refuses those below 1.44,
      // engine 20.10 stops at 1.41.
      const path = "/containers/json?all=1";
      return parseContainers(await askPoll(connection, { path, what: "list containers" }), interest);
    },
    findArrived: (awaits) => findArrived(connection, awaits),
    watch: (request) => watchEvents(connection, request),
    close: () => {
      for (const end of connection.pending) end(new Error("it was closed"));
      connection.agent.destroy();
    },
  };
}
