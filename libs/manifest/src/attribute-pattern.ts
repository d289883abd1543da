import { type CaseRule, foldCase } from "./byte-set.ts";
import { compileWildcard } from "./wildcard.ts";

/** Whether a path, relative to the folder of the .gitattributes, is meant; a folder's ends with a slash. */
export interface AttributePattern {
  matches: (path: string) => boolean;
  /** What a match may cost for each byte of a path. */
  size: number;
}

const never: AttributePattern = { matches: () => false, size: 1 };

/**
 * A pattern of .gitattributes as Git reads it (gitattributes(5)): without a slash it names the last part of a path, with
 * one it is anchored, and with one at its end it means folders alone. Pattern and paths have one character for each byte.
 */
export function compileAttributePattern(written: string, rule: CaseRule): AttributePattern {
  // Git has no negative patterns here, and skips the line.
  if (written.startsWith("!")) return never;
  const isFolderOnly = written.endsWith("/");
  const whole = isFolderOnly ? written.slice(0, -1) : written;
  const isAnchored = whole.includes("/");
  const pattern = whole.startsWith("/") ? whole.slice(1) : whole;
  // Git compares what comes before the first wildcard by itself, so that `a**` is whole, too, where `*a**` is not.
  const literal = /^[^*?[\\]*/.exec(pattern)?.[0] ?? "";
  const rest = compileWildcard(pattern.slice(literal.length), rule);
  if (rest === null) return never;
  const start = foldCase(literal, rule);
  return {
    matches: (path) => {
      const isFolder = path.endsWith("/");
      if (isFolderOnly && !isFolder) return false;
      const file = isFolder ? path.slice(0, -1) : path;
      const name = isAnchored ? file : file.slice(file.lastIndexOf("/") + 1);
      return foldCase(name, rule).startsWith(start) && rest.matches(name.slice(start.length));
    },
    size: rest.size + 1,
  };
}
