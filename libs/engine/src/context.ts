import type { NodeSecrets } from "@keelson/model";

import type { Engine } from "./engine.ts";
import type { RegistryLogins } from "./registry-logins.ts";

/** Ids of containers and networks. */
export interface OwnIds {
  has: (id: string) => boolean;
  add: (ids: readonly string[]) => void;
}

/** What every operation of this room gets besides its own data. */
export interface EngineContext {
  engine: Engine;
  environment: string;
  /** The owner label of what is created, by resource id. */
  ownerOf: NodeSecrets["ownerOf"];
  /** What this round has judged as ours, or has made: labels can be copied, and what was adopted has none of ours. */
  own: OwnIds;
  /** `done` and `total` are bytes of an image, or numbers of containers. */
  emitProgress: (message: string, done?: number, total?: number) => void;
  /** Ends the operation: it throws K3014. */
  signal: AbortSignal;
  /** Path of the Compose v2 program, called directly. */
  composeBinary: string;
  /** The placed Compose file of an instance. */
  composeFileOf: (instance: string) => string;
  /** Values of secrets that the Compose file names by these variables; default none. Only the Compose that creates gets them. */
  secretVariables?: Readonly<Record<string, string>>;
  pullTimeoutMs: number;
  /** How to log in to the registries that images are pulled from. */
  logins: RegistryLogins;
  /** The most that a container gets to end by itself, whatever it was made with. */
  longestStopMs: number;
  /** End of a Compose call, without the time for old containers to end; default 10 min. */
  composeTimeoutMs?: number;
  /**
   * A descriptor that Compose inherits: a lock on it outlives a killed agent for as long as that Compose lives. The mark
   * goes into Compose's environment.
   */
  lock: { fd: number; mark: Record<string, string> } | null;
}
