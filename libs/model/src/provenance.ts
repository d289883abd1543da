import type { AdoptedResources, RecordState } from "./record.ts";
import { ownOf } from "./own-entry.ts";

/**
 * Where a resource with our labels comes from, by its id, which cannot be copied. `known`: made here. `other`: this node
 * made another one. `unnoted`: the record does not name it, and may be incomplete. `unproven`: the record is lost, and the
 * last status does not name it.
 */
export type Provenance = "known" | "other" | "unnoted" | "unproven";

/** The one way to know whether what carries our labels was made here. */
export interface MadeHere {
  container: (found: { id: string; project: string; service: string }) => Provenance;
  network: (found: { id: string; name: string }) => Provenance;
  /** The instance that has taken over what carries no label of ours: by id, a volume by name. Null where none has; default none. */
  adopter?: (found: { kind: keyof AdoptedResources; id: string }) => string | null;
}

/** An id as statuses have it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Nothing was ever made here, or the record is lost. Where something was applied, an empty list is knowledge, too. */
export function isForgotten({ applied, containers, networks }: RecordState): boolean {
  return applied === null && Object.keys({ ...containers, ...networks }).length === 0;
}

/**
 * What a node remembers: its record, or where that is lost the short ids in its own last status. What a killed round has
 * made is in neither; the journal names it.
 */
export function madeHere(record: RecordState, inStatus: readonly string[] | null = null): MadeHere {
  const { containers, networks, openServices, openNetworks, adopted } = record;
  const known = new Set(inStatus);
  const isLost = isForgotten(record);
  const ofLost = (id: string): Provenance => (known.has(shortId(id)) ? "known" : "unproven");
  return {
    container: ({ id, project, service }) => {
      if (containers[id] !== undefined) return "known";
      if (openServices.includes(`${project}/${service}`)) return "unnoted";
      return isLost ? ofLost(id) : "other";
    },
    network: ({ id, name }) => {
      if (ownOf(networks, name) === id) return "known";
      if (openNetworks.includes(name)) return "unnoted";
      if (isLost) return ofLost(id);
      // Earlier versions noted no networks at all.
      return Object.keys(networks).length === 0 ? "unnoted" : "other";
    },
    adopter: ({ kind, id }) => adopted?.[kind][id] ?? null,
  };
}
