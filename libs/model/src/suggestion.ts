import { closestMatch } from "leven";

import { namePattern } from "./name.ts";
import { compareText } from "./problem.ts";
import { quote } from "./wording.ts";

/** Longer texts are no typing error, and comparing two takes time by the product of their lengths. */
const maxLength = 64;
const maxCandidates = 200;

/** The candidate that was probably meant, or undefined: nearly the same letters, or one that begins like it. */
export function suggest(text: string, candidates: readonly string[]): string | undefined {
  if (text === "" || text.length > maxLength || candidates.length > maxCandidates) return undefined;
  const sorted = candidates.filter(({ length }) => length <= maxLength).sort(compareText);
  const lower = text.toLowerCase();
  const same = sorted.find((candidate) => candidate.toLowerCase() === lower);
  // Two letters that changed places count as two.
  const maxDistance = text.length < 4 ? 1 : Math.max(2, Math.floor(text.length / 3));
  return same ?? closestMatch(text, sorted, { maxDistance });
}

/** `did you mean …?`, or the whole choice when it is short, or undefined. */
export function hintFor(text: string, choice: { known: readonly string[]; as: string }): string | undefined {
  const meant = suggest(text, choice.known);
  if (meant !== undefined) return `did you mean ${quote(meant)}?`;
  if (choice.known.length === 0 || choice.known.length > 20) return undefined;
  return `${choice.as}: ${[...choice.known].sort(compareText).join(", ")}`;
}

/** A valid name close to what was written, such as `my-core` for `My_Core`; null where there is none. */
export function nameLike(text: string): string | null {
  const name = text
    .slice(0, maxLength)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return namePattern.test(name) ? name : null;
}

/** The same as a question, where it is another one. */
export function suggestName(text: string): string | undefined {
  const name = nameLike(text);
  return name === null || name === text ? undefined : `did you mean ${quote(name)}?`;
}
