import type { NodeGrants, Snapshot } from "@keelson/model";
import { findComposeBinary, wireDesired } from "@keelson/node";
import { type AskedGrants, findAskedGrants } from "@keelson/reconcile";

import { findAgentConfig } from "./node-place.ts";
import { chooseNode } from "./reference.ts";
import { openRevision } from "./source.ts";

export interface AllowOptions {
  repository: string;
  environment?: string;
  node?: string;
  config?: string;
  revision?: string;
}

export interface AllowSource {
  reference: { environment: string; node: string };
  /** What the packages of the node ask for. */
  askedBy: (node: string) => Promise<AskedGrants>;
  /** What agent.yaml permits; null on another machine than the node's. */
  allow: NodeGrants | "all" | null;
}

/** Opens the revision, and what this machine's agent.yaml says if it is that node's. */
export async function openAllowSource(options: AllowOptions): Promise<AllowSource> {
  const revision: Snapshot = await openRevision(options);
  const reference = await chooseNode(revision, options);
  const composeBinary = await findComposeBinary(process.env);
  const ports = wireDesired({ composeBinary, emit: () => {} });
  const config = findAgentConfig(options.config);
  const isHere = config?.environment === reference.environment && config.node === reference.node;
  return {
    reference,
    askedBy: async (node) => findAskedGrants(revision, { reference: { ...reference, node }, ports }),
    allow: isHere ? (config.allow ?? {}) : null,
  };
}
