import type { AdoptedResources, RecordState } from "./record.ts";
import { ownOf } from "./own-entry.ts";

/**
 * Where a resource with our labels comes from, by its id, which cannot be copied. `known`: made here. `other`: this node
 * made another one. `unnoted`: the record does not name it, and may be incomplete. `unproven`: it was there when the record was
 * lost, and the last status does not name it.
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

/** Whether something was made here that this record never named. */
export function wasLost(record: RecordState): boolean {
  return record.loss !== undefined || isForgotten(record);
}

/**
 * What a node remembers: its record, and of what was there when that was begun after a loss, what the node's own last status
 * named. What a killed round has made is in neither; the journal names it.
 */
export function madeHere(record: RecordState): MadeHere {
  const { containers, networks, openServices, openNetworks, adopted, loss } = record;
  const made = new Set(loss?.made);
  const unproven = new Set(loss?.unproven);
  const isLost = isForgotten(record);
  const ofUnnamed = (id: string): Provenance => (isLost || unproven.has(shortId(id)) ? "unproven" : "other");
  return {
    container: ({ id, project, service }) => {
      if (containers[id] !== undefined || made.has(shortId(id))) return "known";
      // What was there before a round is nothing that it has made.
      const isOpen = !unproven.has(shortId(id)) && openServices.includes(`${project}/${service}`);
      return isOpen ? "unnoted" : ofUnnamed(id);
    },
    network: ({ id, name }) => {
      if (ownOf(networks, name) === id || made.has(shortId(id))) return "known";
      if (!unproven.has(shortId(id)) && openNetworks.includes(name)) return "unnoted";
      const provenance = ofUnnamed(id);
      // Earlier versions noted no networks at all.
      return provenance === "other" && Object.keys(networks).length === 0 ? "unnoted" : provenance;
    },
    adopter: ({ kind, id }) => adopted?.[kind][id] ?? null,
  };
}
