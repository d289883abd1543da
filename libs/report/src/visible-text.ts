/** Tabs are shown as so many spaces, everywhere on a line. */
const tab = "  ";

/** What one character becomes on the terminal. */
export interface Cell {
  text: string;
  /** In columns of the terminal. */
  width: number;
  /** Offset after the character, in UTF-16 code units. */
  end: number;
}

/**
 * Text of a repository for one line of output: control, formatting, bidirectional, invisible and private characters
 * and lone surrogates become visible escapes such as `\u{1b}`.
 */
export function escapeText(text: string): string {
  return text.replace(hidden, escapeCharacter);
}

/** Like `escapeText`, for a text of several lines. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeText).join("\n");
}

/**
 * Like `escapeLines`, for text that is already painted: the colours of our own output stay. What a stranger wrote can
 * at worst be red; it cannot move the cursor, hide or reorder text.
 */
export function escapePainted(text: string): string {
  return text
    .split(ownColours)
    .map((part, index) => (index % 2 === 1 ? part : escapeLines(part)))
    .join("");
}

// oxlint-disable-next-line no-control-regex -- an escape sequence begins with one
const ownColours = /(\u001b\[(?:0|1|2|22|1;31|3[1-6]|39)m)/;

/**
 * A value as indented JSON, in which control, bidirectional and invisible characters are escapes of JSON. Contents of
 * files are left out: what is reported of them is their digests.
 */
export function formatJson(value: unknown): string {
  const withoutBytes = (_key: string, each: unknown) => (each instanceof Uint8Array ? undefined : each);
  return JSON.stringify(value, withoutBytes, 2).replace(hidden, (character) =>
    character === "\n" ? character : toJsonEscapes(character),
  );
}

/** One escape for each UTF-16 code unit (RFC 8259, 7). */
function toJsonEscapes(character: string): string {
  const units = character.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
  return units.map((unit) => `\\u${unit}`).join("");
}

/** A line of a document character by character, escaped. */
export function cellsOf(line: string): Cell[] {
  const cells: Cell[] = [];
  let end = 0;
  for (const character of line) {
    end += character.length;
    const text = character === "\t" ? tab : escapeText(character);
    cells.push({ text, width: text === character ? widthOf(character) : text.length, end });
  }
  return cells;
}

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu;

function escapeCharacter(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** By Unicode's East Asian Width (UAX #11): wide characters take two columns, combining marks none. */
function widthOf(character: string): number {
  if (/\p{Mn}|\p{Me}/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
