/** A pattern of paths: `*` and `?` within a name, `**` for any number of folders. */
export interface FilePattern {
  /** What stands between the `**`, each a list of names. */
  sections: readonly (readonly NamePattern[])[];
  /** The folders before the first wildcard: what lies below them is placed by the rest of its path. */
  base: string;
}

/** A plain name, or what stands between the `*` of one with wildcards, each a list of characters. */
type NamePattern = string | readonly (readonly string[])[];

/** Comparisons that may still be made; below zero, nothing is said to match. */
export interface MatchBudget {
  left: number;
}

/** The pattern that a text is, or null for a plain path. A folder, with a `/` at its end, is all that lies below it. */
export function parsePattern(text: string): FilePattern | null {
  // What lies below a folder has a name: the folder's own path is none of it.
  const written = text.replace(/(^|\/)(?:\*\*)?$/, "$1**/*");
  const segments = written.split("/");
  const first = segments.findIndex((segment) => /[*?]/.test(segment));
  if (first < 0) return null;
  const sections = splitAt(segments, "**").map((section) => section.map(parseName));
  return { sections, base: segments.slice(0, first).join("/") };
}

/** Whether a path is of the pattern. Takes no more time than the budget has, whatever they are. */
export function matchesPattern(
  { sections }: FilePattern,
  { path, budget }: { path: string; budget: MatchBudget },
): boolean {
  const names = path.split("/");
  return matchesInOrder(sections, names, (pattern, name) => matchesName(pattern, { name, budget }));
}

function parseName(segment: string): NamePattern {
  return /[*?]/.test(segment) ? splitAt(Array.from(segment), "*") : segment;
}

function matchesName(pattern: NamePattern, { name, budget }: { name: string; budget: MatchBudget }): boolean {
  const matches = (part: string, found: string) => --budget.left >= 0 && (part === "?" || part === found);
  if (typeof pattern !== "string") return matchesInOrder(pattern, Array.from(name), matches);
  return --budget.left >= 0 && pattern === name;
}

/** The lists between each two of these words. */
function splitAt(words: readonly string[], separator: string): string[][] {
  const sections: string[][] = [[]];
  for (const word of words) {
    if (word === separator) sections.push([]);
    else sections.at(-1)?.push(word);
  }
  return sections;
}

/**
 * Whether all parts are these sections in their order, with any parts between them. The first and the last one have their
 * places, and each other one is where it can be first.
 */
function matchesInOrder<Pattern>(
  [first = [], ...others]: readonly (readonly Pattern[])[],
  parts: readonly string[],
  matches: (pattern: Pattern, part: string) => boolean,
): boolean {
  const isAt = (section: readonly Pattern[], at: number) =>
    section.every((pattern, index) => matches(pattern, parts[at + index] ?? ""));
  const last = others.pop();
  if (last === undefined) return first.length === parts.length && isAt(first, 0);
  const end = parts.length - last.length;
  let at = first.length;
  if (at > end || !isAt(first, 0) || !isAt(last, end)) return false;
  for (const section of others) {
    while (at + section.length <= end && !isAt(section, at)) at++;
    at += section.length;
  }
  return at <= end;
}
