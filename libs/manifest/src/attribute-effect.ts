import type { AttributeValue } from "./attribute-line.ts";
import type { Attribute, Attributes } from "./attributes.ts";

/** Something that attributes make Git do to a file. */
export interface Effect {
  says: (which: string) => string;
  /** The word that makes Git do it; null when it does it because nobody says anything, undefined when it does not. */
  blamed: (attributes: Attributes) => Attribute["source"] | null | undefined;
}

/** What keeps a file out of an archive; folders are asked too. */
export const archiveEffects: readonly Effect[] = [
  { says: (which) => `leave ${which} out of archives`, blamed: wordFor("export-ignore", isSet) },
];

/** What Git may do to an ordinary file. */
export const fileEffects: readonly Effect[] = [
  { says: (which) => `change the line ends of ${which}`, blamed: wordForLineEnds },
  { says: (which) => `expand $Id$ in ${which}`, blamed: wordFor("ident", isSet) },
  { says: (which) => `run a filter on ${which}`, blamed: wordFor("filter", isText) },
  {
    says: (which) => `change the encoding of ${which}`,
    // Set without an encoding, it makes Git fail.
    blamed: wordFor("working-tree-encoding", (value) => isSet(value) || isText(value)),
  },
  { says: (which) => `expand $Format$ in archives of ${which}`, blamed: wordFor("export-subst", isSet) },
  ...archiveEffects,
];

function wordFor(name: string, counts: (value: AttributeValue) => boolean): Effect["blamed"] {
  return (attributes) => {
    const found = attributes.get(name);
    return found !== undefined && counts(found.value) ? found.source : undefined;
  };
}

function isSet(value: AttributeValue): boolean {
  return value === true;
}

function isText(value: AttributeValue): boolean {
  return typeof value === "string" && value !== "";
}

/**
 * Line ends are safe only with `-text`, or with its old form `-crlf` where `text` says nothing. What is left open is up to
 * the machine's `core.autocrlf` (gitattributes(5), convert.c).
 */
function wordForLineEnds(attributes: Attributes): Attribute["source"] | null | undefined {
  const [text, crlf, eol] = ["text", "crlf", "eol"].map((name) => attributes.get(name));
  const decides = (each: Attribute | undefined) =>
    typeof each?.value === "boolean" || each?.value === "auto" || each?.value === "input";
  const deciding = [text, crlf].find(decides);
  if (deciding?.value === false) return undefined;
  return (deciding ?? text ?? crlf ?? eol)?.source ?? null;
}
