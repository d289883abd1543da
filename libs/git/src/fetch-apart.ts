import { KeelsonError } from "@keelson/model";

/**
 * Each fetch costs a request or a process. So many are enough to find a few refs that are too large among thousands.
 */
const maxFetches = 64;

/** Errors that a single ref can cause for all that are fetched with it. */
const causes = ["K2005", "K2017"];

/**
 * Fetches refs together. When they are over the limits, each half is fetched by itself, and so on: a ref that is too
 * large does not keep the others away. Returns the refs that were not fetched. Throws any other failure.
 */
export async function fetchApart<Ref>(
  refs: readonly Ref[],
  { fetch }: { fetch: (refs: readonly Ref[]) => Promise<void> },
): Promise<Ref[]> {
  const groups = [refs];
  const left: Ref[] = [];
  for (const [index, group] of groups.entries()) {
    if (index >= maxFetches) {
      left.push(...group);
      continue;
    }
    try {
      await fetch(group);
    } catch (error) {
      if (!(error instanceof KeelsonError) || !causes.includes(error.code)) throw error;
      const middle = Math.ceil(group.length / 2);
      if (group.length === 1) left.push(...group);
      // An array that grows is walked to its new end.
      else groups.push(group.slice(0, middle), group.slice(middle));
    }
  }
  return left;
}
