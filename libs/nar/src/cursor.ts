/**
 * What goes through items one by one. Its `next` gives a promise only where an item is not there yet: to wait for each of
 * thousands of small files that are there takes as long as reading them.
 */
export type Cursor<T> = Iterator<T, unknown> | AsyncIterator<T, unknown>;

export function cursorOf<T>(items: Iterable<T> | AsyncIterable<T>): Cursor<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
