/**
 * A value without what says nothing in a Compose model: nulls and empty maps, however deep; undefined when nothing is
 * left. Lists stay as they are: an empty `command` is not the image's own.
 */
export function withoutEmpty(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => withoutEmpty(item) ?? null);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
    const meant = withoutEmpty(each);
    return meant === undefined ? [] : [[key, meant]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
