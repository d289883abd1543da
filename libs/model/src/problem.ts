/** A place in a document: lines and columns count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** Something a user can get wrong, as data: reading, rendering and planning return these and never throw. */
export interface Problem {
  /** Stable code of docs/errors.md. */
  code: string;
  /** Path in the repository, with `/`. */
  file: string;
  line: number;
  column: number;
  /** The key inside the document, such as `instances.core.on`; empty for the whole document. */
  path: string;
  message: string;
  hint?: string;
  /** The text of the line, for the caret. */
  sourceLine?: string;
}

/** Orders problems by file, line, column, code, so that the same input gives the same text. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

/** Each problem once, in the order of its first mention: what stands in a shared document is found by each of its users. */
export function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ file, line, column, code, message }) => {
    const key = JSON.stringify([file, line, column, code, message]);
    return !seen.has(key) && seen.add(key);
  });
}

/** Order by UTF-16 code units: the same on every machine, unlike the locale's. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
