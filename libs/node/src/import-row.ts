import { type Tally, type WrittenProject, tallyOf } from "@keelson/manifest";
import type { Ask, Problem } from "@keelson/model";
import type { ImportProposal } from "@keelson/reconcile";

import type { JudgedProject } from "./judged-project.ts";

/** What becomes of a project: an instance, or nothing, and why. */
export interface ImportRow {
  /** Path in the repository; empty for its top. */
  folder: string;
  composeFiles: readonly string[];
  instance: string;
  project: string | null;
  /** Whether what runs of it is taken over. */
  adopt: boolean;
  imported: boolean;
  asks: readonly Ask[];
  /** Why it is not imported. */
  problems: readonly Problem[];
  tally: Tally;
}

/** A row for each project that was found, in their order. */
export function importRows(
  judged: readonly JudgedProject[],
  {
    proposal,
    written,
  }: {
    proposal: Pick<ImportProposal, "imported" | "asks" | "models" | "refused">;
    /** By folder. */
    written: ReadonlyMap<string, WrittenProject>;
  },
): ImportRow[] {
  const names = new Set(proposal.imported.map(({ instance }) => instance));
  return judged.map(({ found: { folder, composeFiles }, instance, project, adopt, problem }) => {
    const imported = names.has(instance);
    const model = imported ? (proposal.models.get(instance) ?? null) : null;
    return {
      folder,
      composeFiles,
      instance,
      project,
      adopt: imported && adopt,
      imported,
      asks: imported ? (proposal.asks.get(instance) ?? []) : [],
      problems: problem === null ? (proposal.refused.get(instance) ?? []) : [problem],
      tally: tallyOf(written.get(folder) ?? { services: [], volumes: [], networks: [] }, model),
    };
  });
}
