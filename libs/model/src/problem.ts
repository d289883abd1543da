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
  /** Names of the environment's instances that it concerns; absent where it concerns the whole commit. */
  instances?: readonly string[];
  /** What may pass by itself, and is tried again; absent where a person has to mend it. */
  outcome?: "transient";
  /** The path in the repository of a file that is not there, and might solve it. */
  seeks?: string;
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

/**
 * Each problem once, in the order of its first mention: what stands in a shared document is found by each of its users, and
 * concerns all of them.
 */
export function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const groups = Map.groupBy(problems, ({ file, line, column, code, message }) =>
    JSON.stringify([file, line, column, code, message]),
  );
  return [...groups.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined || first.instances === undefined) return first ?? [];
    const { instances: _ofTheFirst, ...problem } = first;
    if (same.some(({ instances }) => instances === undefined)) return problem;
    const all = new Set(same.flatMap(({ instances = [] }) => instances));
    return { ...problem, instances: [...all].sort(compareText) };
  });
}

/** Order by UTF-16 code units: the same on every machine, unlike the locale's. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
