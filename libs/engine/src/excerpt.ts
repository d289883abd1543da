import { stripVTControlCharacters } from "node:util";

export interface ExcerptSize {
  /** The last so many lines. Default 10. */
  lines?: number;
  /** The last so many characters. Default 2,000. */
  characters?: number;
}

/**
 * The end of a text that others wrote (a log, an engine's or Compose's message), fit for a terminal and a status:
 * bounded, and without escape sequences, control, format and bidi characters.
 */
export function excerpt(text: string, { lines = 10, characters = 2_000 }: ExcerptSize = {}): string {
  const kept = cleanText(text)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-lines)
    .join("\n");
  return kept.length <= characters ? kept : `…${kept.slice(-characters).toWellFormed()}`;
}

/** The whole text without escape sequences, control, format and bidi characters. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.toWellFormed())
    .replace(/\r\n?|\u2028|\u2029/g, "\n")
    .replaceAll("\t", " ")
    .replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, "");
}

/**
 * The excerpt as the cause of an error. It stands there and not in the message, so that whoever tells the error can hide
 * secret values in it before it is cut, and keep less of it in a status, which Git keeps.
 */
export function quoted(text: string, size: ExcerptSize = {}): Error {
  const shown = excerpt(text, size);
  return new Error(shown === "" ? "(no output)" : shown);
}
