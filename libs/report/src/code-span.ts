import { escapeText } from "./visible-text.ts";

/** A code span: nothing in it is mark-up, a link or a mention (CommonMark 0.31, 6.1); a table still needs its bars escaped. */
export function codeSpan(text: string): string {
  const visible = escapeText(text).replaceAll("|", String.raw`\|`);
  if (visible.trim() === "") return "";
  const longest = Math.max(0, ...[...visible.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${visible}${fence}` : `${fence} ${visible} ${fence}`;
}
