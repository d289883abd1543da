import type { Ask } from "./grant.ts";
import type { Operation } from "./operation.ts";

/** The ordered operations that turn observed into desired. */
export interface Plan {
  environment: string;
  node: string;
  desiredDigest: string;
  /** In an order in which each comes after all it depends on. */
  operations: Operation[];
  /** What is wanted and not allowed or not possible now. */
  blocked: BlockedChange[];
  /** Things seen that are never touched. */
  notices: Notice[];
  /** What reaches the host, as environment and node permit it: new ones first, then by instance, service, kind and value. */
  grants: GrantInUse[];
}

/** A grant that a service uses, or is to use. */
export interface GrantInUse extends Ask {
  instance: string;
  /** What was applied last did not have it. */
  isNew: boolean;
  /** With it, a container can be root on the node. */
  isRoot: boolean;
}

export interface BlockedChange {
  resource: string;
  code: string;
  message: string;
  hint: string;
  /** It waits for a person or a new revision; by default it is tried again. */
  outcome?: "stalled";
}

export interface Notice {
  resource: string;
  code: string;
  message: string;
}
