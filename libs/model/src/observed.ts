import type { ObservedEngine } from "./observed-engine.ts";
import type { ObservedStore } from "./observed-store.ts";

/**
 * What the node has. An error in reading it throws, so that unknown is never absent; an error in the files of one instance
 * is that instance's `fault`.
 */
export interface ObservedNode extends ObservedEngine, ObservedStore {
  /** Where paths of the host lead; absent where nothing that is desired has one. */
  host?: ObservedHost;
}

/** Where paths of the host lead, and what is there that no container gets by itself. All paths but the keys are without links. */
export interface ObservedHost {
  /** By path, as it was asked for. */
  paths: Readonly<Record<string, HostPath>>;
  /** The sockets with which a container is root on the node. */
  engineSockets: readonly string[];
  /** Where the engine has its containers and volumes; empty where it does not say. */
  engineRoot: string;
  /** Keelson's state folder. */
  stateDir: string;
  /** Keelson's keys and secrets, which nothing may read, and agent.yaml. */
  ownFiles: readonly string[];
  /** Folders below which containers have their data folders. */
  dataFolders: readonly string[];
}

export interface HostPath {
  /** The path without links; null when nothing is there, or that is not known. */
  real: string | null;
  /** Where the links stand that it leads through, each without links; default none. */
  links?: string[];
  /** Why it could not be seen; empty when it could. */
  fault: string;
}
