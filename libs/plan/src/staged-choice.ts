import { type StagedNeeds, type StagedRelease, compareText, readEntryName } from "@keelson/model";

/** How many of each release stay beside what is needed: a way back, and one more. */
export const stagedKept = 3;

export interface StagedScene {
  staged: readonly StagedRelease[];
  needs: StagedNeeds;
  /** Entries of the store that a container binds something of. */
  mounted: readonly string[];
}

/** Why an entry stays. */
export type StagedReason = "desired" | "last good" | "mounted" | "newest";

/**
 * Which staged releases may go, sorted: none that the node is to have, had last, or that a container mounts, and of each release not the
 * newest `stagedKept`. What was changed keeps its place among them: whoever staged it finds it told, and can mend it.
 */
export function chooseStagedToRemove(scene: StagedScene): string[] {
  const kept = findStagedReasons(scene);
  return scene.staged
    .map(({ entry }) => entry)
    .filter((entry) => !kept.has(entry))
    .sort(compareText);
}

/** Why each entry stays, by its name; of several reasons the first that holds. */
export function findStagedReasons({ staged, needs, mounted }: StagedScene): Map<string, StagedReason> {
  const newest = findNewest(staged);
  const reasonOf = (entry: string): StagedReason | null => {
    if (needs.desired.includes(entry)) return "desired";
    if (needs.lastGood.includes(entry)) return "last good";
    if (mounted.includes(entry)) return "mounted";
    return newest.has(entry) ? "newest" : null;
  };
  return new Map(
    staged.flatMap(({ entry }): [string, StagedReason][] => {
      const reason = reasonOf(entry);
      return reason === null ? [] : [[entry, reason]];
    }),
  );
}

function findNewest(staged: readonly StagedRelease[]): Set<string> {
  const counts = new Map<string, number>();
  const byAge = staged
    .filter(({ stagedAt }) => stagedAt !== null)
    .sort((a, b) => compareText(b.stagedAt ?? "", a.stagedAt ?? "") || compareText(b.entry, a.entry));
  const newest = byAge.filter(({ release }) => {
    const count = (counts.get(release) ?? 0) + 1;
    counts.set(release, count);
    return count <= stagedKept;
  });
  return new Set(newest.map(({ entry }) => entry));
}

/** The entries of the store that paths of the host lead into. The host may know the state folder by another path than the node. */
export function findMountedEntries(binds: readonly string[]): string[] {
  const names = binds.flatMap((path) => path.split("/").filter((part) => readEntryName(part) !== null));
  return [...new Set(names)].sort(compareText);
}
