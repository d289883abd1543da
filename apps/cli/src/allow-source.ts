import { type NodeGrants, type Snapshot, keyPath } from "@keelson/model";
import { findComposeBinary, wireDesired } from "@keelson/node";
import { type AskedGrants, type Place, findAskedGrants } from "@keelson/reconcile";

import { findAgentDocument } from "./node-place.ts";
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
  /** Where the value that these keys of its `allow` lead to stands. */
  placeOf: (keys: readonly (string | number)[]) => Place | null;
}

/** As problems have it, so that an editor finds it. */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** Opens the revision, and what this machine's agent.yaml says if it is that node's. */
export async function openAllowSource(options: AllowOptions): Promise<AllowSource> {
  const revision: Snapshot = await openRevision(options);
  const reference = await chooseNode(revision, options);
  const composeBinary = await findComposeBinary(process.env);
  const ports = wireDesired({ composeBinary, emit: () => {} });
  const document = findAgentDocument(options.config);
  const isHere =
    document?.value.environment === reference.environment && document.value.node === reference.node;
  return {
    reference,
    askedBy: async (node) => findAskedGrants(revision, { reference: { ...reference, node }, ports }),
    allow: isHere ? (document.value.allow ?? {}) : null,
    placeOf: (keys) => {
      if (document === null) return null;
      const part = typeof keys.at(-1) === "number" ? "value" : "key";
      return { file: document.file, ...document.positionOf(keyPath(["allow", ...keys]), part) };
    },
  };
}
