import { type Document, isScalar, visit } from "yaml";

/** Where a map has a key for the second time, counted from the text's start; null when none has. */
export function findRepeatedKey(documents: Iterable<Document | Document.Parsed>): number | null {
  let found: number | null = null;
  for (const document of documents) {
    visit(document, {
      Map(_key, { items }) {
        const keys = new Set<unknown>();
        for (const { key } of items) {
          if (!isScalar(key)) continue;
          if (keys.has(key.value)) {
            found = key.range?.[0] ?? 0;
            return visit.BREAK;
          }
          keys.add(key.value);
        }
        return undefined;
      },
    });
    if (found !== null) return found;
  }
  return null;
}
