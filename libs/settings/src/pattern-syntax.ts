/** A regular expression as a tree: the part of the language that can be matched in linear time. */
export type PatternNode =
  | { kind: "character"; source: string }
  | { kind: "start" }
  | { kind: "end" }
  | { kind: "sequence" | "choice"; parts: PatternNode[] }
  | { kind: "repeat"; part: PatternNode; least: number; most: number };

/** Escapes that stand for one character, classes, group openings, counts, the rest one by one. */
const tokenPattern =
  /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[dD][89abAB][\dA-Fa-f]{2}\\u[dD][c-fC-F][\dA-Fa-f]{2}|\\u[\dA-Fa-f]{4}|\\x[\dA-Fa-f]{2}|\\c[A-Za-z]|\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?::|<(?![=!])[^>]*>)|\(\?|\{\d+(?:,\d*)?\}|./gsu;

/** Reads a pattern that is valid with the flag `u`; the message when it holds what cannot be matched in linear time. */
export function parsePattern(pattern: string): PatternNode | string {
  const reader: Reader = { tokens: pattern.match(tokenPattern) ?? [], next: 0, fault: null };
  const node = readChoice(reader);
  return reader.fault ?? node;
}

interface Reader {
  tokens: readonly string[];
  next: number;
  fault: string | null;
}

function readChoice(reader: Reader): PatternNode {
  const parts = [readSequence(reader)];
  while (reader.tokens[reader.next] === "|") {
    reader.next++;
    parts.push(readSequence(reader));
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "choice", parts };
}

function readSequence(reader: Reader): PatternNode {
  const parts: PatternNode[] = [];
  for (;;) {
    const token = reader.tokens[reader.next];
    if (token === undefined || token === "|" || token === ")") return { kind: "sequence", parts };
    reader.next++;
    parts.push(readRepeats(reader, readPart(reader, token)));
  }
}

function readPart(reader: Reader, token: string): PatternNode {
  if (token === "^") return { kind: "start" };
  if (token === "$") return { kind: "end" };
  if (/^\\[1-9k]/.test(token)) reader.fault ??= "refers back to a group";
  if (/^\\[bB]$/.test(token)) reader.fault ??= `holds a word boundary (\`${token}\`)`;
  if (!token.startsWith("(")) return { kind: "character", source: token };
  if (token === "(?") reader.fault ??= "looks ahead or behind, or sets a flag";
  const inside = readChoice(reader);
  reader.next++;
  return inside;
}

function readRepeats(reader: Reader, part: PatternNode): PatternNode {
  const count = countOf(reader.tokens[reader.next]);
  if (count === null) return part;
  reader.next++;
  // A lazy count matches the same texts.
  if (reader.tokens[reader.next] === "?") reader.next++;
  return { kind: "repeat", part, ...count };
}

function countOf(token: string | undefined): { least: number; most: number } | null {
  if (token === "*") return { least: 0, most: Infinity };
  if (token === "+") return { least: 1, most: Infinity };
  if (token === "?") return { least: 0, most: 1 };
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}$/.exec(token ?? "") ?? [];
  if (least === undefined) return null;
  if (comma === "") return { least: Number(least), most: Number(least) };
  return { least: Number(least), most: most === "" ? Infinity : Number(most) };
}
