import type { RecordState } from "./record.ts";

/**
 * Where something comes from that carries our labels, by what cannot be copied: its id. `known`: made here. `other`: what
 * was made here is another one. `unnoted`: nothing is known of it, and something may be missing. `unproven`: the memory
 * is lost, and nothing that is left speaks for it.
 */
export type Provenance = "known" | "other" | "unnoted" | "unproven";

interface Made {
  id: string;
  /** By the engine's clock. */
  createdMs: number;
}

/** The one way to know whether what carries our labels was made here. */
export interface MadeHere {
  /** Never `unnoted`. */
  container: (of: Made & { project: string; service: string }) => Provenance;
  network: (of: Made & { name: string }) => Provenance;
}

/** What a report of the node says of what it made. */
export interface ReportedMade {
  /** Short ones. */
  ids: readonly string[];
  /** What is newer the report cannot know of: a published one can lag behind. Infinity: it does not. */
  untilMs: number;
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
 * What a node remembers: its record, or where that is lost its own last report. A round that was killed has made what
 * neither knows yet; the journal names it.
 */
export function madeHere(record: RecordState, reported: ReportedMade | null = null): MadeHere {
  const { containers, networks, openServices, openNetworks } = record;
  const told = new Set(reported?.ids);
  const isLost = isForgotten(record);
  const ofLost = ({ id, createdMs }: Made, otherwise: Provenance): Provenance => {
    if (told.has(shortId(id))) return "known";
    return createdMs > (reported?.untilMs ?? Infinity) ? otherwise : "unproven";
  };
  return {
    container: (of) => {
      const isOpen = openServices.includes(`${of.project}/${of.service}`);
      if (containers[of.id] !== undefined || isOpen) return "known";
      return isLost ? ofLost(of, "known") : "other";
    },
    network: (of) => {
      if (networks[of.name] === of.id) return "known";
      if (openNetworks.includes(of.name)) return "unnoted";
      if (isLost) return ofLost(of, "unnoted");
      // Earlier versions noted no networks at all.
      return Object.keys(networks).length === 0 ? "unnoted" : "other";
    },
  };
}
