/** A pattern of paths: `*` and `?` within a name, `**` for any number of folders. */
export interface FilePattern {
  segments: readonly string[];
  /** The folders before the first wildcard: what lies below them is placed by the rest of its path. */
  base: string;
}

/** The pattern that a text is, or null for a plain path. A folder, with a `/` at its end, is all that lies below it. */
export function parsePattern(text: string): FilePattern | null {
  // What lies below a folder has a name: the folder's own path is none of it.
  const written = text.replace(/(^|\/)(?:\*\*)?$/, "$1**/*");
  const segments = written.split("/");
  const first = segments.findIndex((segment) => /[*?]/.test(segment));
  return first < 0 ? null : { segments, base: segments.slice(0, first).join("/") };
}

/** Whether a path is of the pattern. Takes no more time than their lengths multiplied, whatever they are. */
export function matchesPattern({ segments }: FilePattern, path: string): boolean {
  return matchesGreedily(segments, path.split("/"), { isAny: (part) => part === "**", matches: matchesName });
}

function matchesName(pattern: string, name: string): boolean {
  return matchesGreedily(Array.from(pattern), Array.from(name), {
    isAny: (part) => part === "*",
    matches: (part, character) => part === "?" || part === character,
  });
}

/**
 * Whether parts match, where some stand for any number of others. It suffices to come back to the last one of those: what is
 * before it has matched as early as it can.
 */
function matchesGreedily(
  pattern: readonly string[],
  parts: readonly string[],
  rules: { isAny: (part: string) => boolean; matches: (part: string, found: string) => boolean },
): boolean {
  let at = 0;
  let any = -1;
  let anyAt = 0;
  for (let found = 0; found < parts.length;) {
    const part = pattern[at];
    if (part !== undefined && rules.isAny(part)) {
      any = at++;
      anyAt = found;
    } else if (part !== undefined && rules.matches(part, parts[found] ?? "")) {
      at++;
      found++;
    } else if (any >= 0) {
      at = any + 1;
      found = ++anyAt;
    } else return false;
  }
  return pattern.slice(at).every((part) => rules.isAny(part));
}
