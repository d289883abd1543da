import { type CaseRule, foldCase } from "./byte-set.ts";
import { type Wildcard, compileWildcard } from "./wildcard.ts";

const never: Wildcard = () => false;

/**
 * A pattern of .gitattributes as Git reads it (gitattributes(5)): without a slash it names the last part of a path, with
 * one it is anchored, and with one at its end it means folders alone. It gets paths relative to the folder of the file that it
 * stands in, those of folders with a slash at their end. Pattern and paths have one character for each byte; where case is
 * ignored, paths come folded.
 */
export function compileAttributePattern(written: string, rule: CaseRule): Wildcard {
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
  // By far the most patterns are of this form.
  const ending = foldCase(/^\*([^*?[\\/]*)$/.exec(pattern)?.[1] ?? "", rule);
  return (path, meter) => {
    const isFolder = path.endsWith("/");
    if (isFolderOnly && !isFolder) return false;
    const file = isFolder ? path.slice(0, -1) : path;
    const name = isAnchored ? file : file.slice(file.lastIndexOf("/") + 1);
    return name.startsWith(start) && name.endsWith(ending) && rest(name.slice(start.length), meter);
  };
}
