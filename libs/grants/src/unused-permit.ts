import { type Ask, NodeGrants } from "@keelson/model";

import { isPermitted } from "./granted.ts";

/** What agent.yaml permits and no service of the node asks for. */
export interface UnusedPermit {
  /** The key of `allow`. */
  kind: keyof NodeGrants;
  /** The entry; the name, of a path; `true` for one that is on or off. */
  value: string;
}

const kinds = NodeGrants.keyof().options;

/**
 * Which entries nothing needs. `nested` says how paths may lie, and `adopt` what may be taken over: no service asks for
 * them. Where all is permitted, there is no entry.
 */
export function findUnusedPermits(
  allow: NodeGrants | "all" | undefined,
  asks: readonly Ask[],
): UnusedPermit[] {
  if (allow === undefined || allow === "all") return [];
  // A variable that carries a secret asks nothing of the node.
  const own = asks.filter(({ kind }) => kind !== "secretEnvironment");
  const isUnused = (single: NodeGrants) => !own.some((ask) => isPermitted(ask, single));
  return kinds.flatMap((kind): UnusedPermit[] => {
    if (kind === "nested" || kind === "adopt") return [];
    if (kind === "paths")
      return Object.entries(allow.paths ?? {})
        .filter(([name, permit]) => isUnused({ paths: { [name]: permit } }))
        .map(([name]) => ({ kind, value: name }));
    const permitted = allow[kind];
    if (typeof permitted === "boolean" || permitted === undefined)
      return permitted === true && isUnused({ [kind]: true }) ? [{ kind, value: "true" }] : [];
    return permitted.filter((value) => isUnused({ [kind]: [value] })).map((value) => ({ kind, value }));
  });
}
