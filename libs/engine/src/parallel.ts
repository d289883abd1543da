/** The results in the order of the items, at most `limit` at a time. After a failure, which is thrown, none starts. */
export async function mapParallel<T, R>(
  items: readonly T[],
  { limit, map }: { limit: number; map: (item: T) => Promise<R> },
): Promise<R[]> {
  const results: R[] = [];
  // One iterator for all workers: each takes the next item.
  const rest = items.entries();
  let failed = false;
  const work = async () => {
    for (const [index, item] of rest) {
      if (failed) return;
      try {
        results[index] = await map(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}
