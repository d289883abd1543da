import type { RecordState } from "./record.ts";

/**
 * Where something comes from that carries our labels, by what cannot be copied: its id. `known`: made here. `other`: what
 * was made here is another one. `unnoted`: nothing is known of it, and something may be missing. `unproven`: the memory
 * is lost, and nothing that is left speaks for it.
 */
export type Provenance = "known" | "other" | "unnoted" | "unproven";

/** The one way to know whether what carries our labels was made here. */
export interface MadeHere {
  /** Never `unnoted`. */
  container: (found: { id: string; project: string; service: string }) => Provenance;
  network: (found: { id: string; name: string }) => Provenance;
}

/** As ids are told in reports. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Nothing was ever made here, or the record is lost. Where something was applied, an empty list is knowledge, too. */
export function isForgotten({ applied, containers, networks }: RecordState): boolean {
  return applied === null && Object.keys({ ...containers, ...networks }).length === 0;
}

/**
 * What a node remembers: its record, or where that is lost the short ids in its own last report. A round that was killed
 * has made what neither knows yet; the journal names it.
 */
export function madeHere(record: RecordState, reported: readonly string[] | null = null): MadeHere {
  const { containers, networks, openServices, openNetworks } = record;
  const told = new Set(reported);
  const isLost = isForgotten(record);
  const ofLost = (id: string): Provenance => (told.has(shortId(id)) ? "known" : "unproven");
  return {
    container: ({ id, project, service }) => {
      if (containers[id] !== undefined || openServices.includes(`${project}/${service}`)) return "known";
      return isLost ? ofLost(id) : "other";
    },
    network: ({ id, name }) => {
      if (networks[name] === id) return "known";
      if (openNetworks.includes(name)) return "unnoted";
      if (isLost) return ofLost(id);
      // Earlier versions noted no networks at all.
      return Object.keys(networks).length === 0 ? "unnoted" : "other";
    },
  };
}
