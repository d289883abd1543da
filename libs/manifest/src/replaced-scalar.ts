import { isScalar, parseDocument } from "yaml";

/**
 * The text of a document with another value at a path; all else stays as it is, comments too. Null where no plain value stands
 * there. The value is written as it is given.
 */
export function replaceScalar(
  text: string,
  { path, value }: { path: readonly string[]; value: string },
): string | null {
  const known = parseDocument(text).getIn(path, true);
  if (!isScalar(known) || known.range === null || known.range === undefined) return null;
  const [start, end] = known.range;
  return `${text.slice(0, start)}${value}${text.slice(end)}`;
}
