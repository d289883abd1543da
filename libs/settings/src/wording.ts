import { compareText, type Json } from "@keelson/model";

/** Text of a user inside a message: marked off, and short enough to read. */
export function quote(text: string): string {
  return text.length > 80 ? `\`${text.slice(0, 80)}…\`` : `\`${text}\``;
}

/** A value in the words of the people who write settings. */
export function describeValue(value: Json): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  return typeof value === "string" ? "text" : "a map";
}

/** `did you mean …?`, or the whole choice when it is short, or undefined. */
export function hintFor(text: string, choice: { known: readonly string[]; as: string }): string | undefined {
  const known = [...choice.known].sort(compareText);
  const meant = closest(text, known);
  if (meant !== undefined) return `did you mean ${quote(meant)}?`;
  return known.length === 0 || known.length > 20 ? undefined : `${choice.as}: ${known.join(", ")}`;
}

/** The candidate that was probably meant, or undefined. */
export function closest(text: string, known: readonly string[]): string | undefined {
  if (text.length > 64 || known.length > 200) return undefined;
  const near = known
    .filter(({ length }) => Math.abs(length - text.length) <= 3)
    .map((candidate) => ({ candidate, distance: editDistance(text.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= (text.length < 4 ? 1 : Math.max(2, text.length / 3))
    ? near.candidate
    : undefined;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
