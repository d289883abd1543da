/** A status as text, as a ref has it. */
export interface StatusText {
  /** The commit that the status is about; null when the ref does not say it. */
  commit: string | null;
  /** When the ref was last written, by the node's clock; null when the ref does not say it. */
  updatedAt: Date | null;
  /** Byte for byte as published; empty when the ref holds something else than a status. */
  json: string;
}

export const unreadable: StatusText = { commit: null, updatedAt: null, json: "" };

const headingMark = "# ";

/** A note: a heading for people, where there is one, and the JSON. */
export function writeNote({ heading, json }: { heading?: string; json: string }): string {
  return heading === undefined ? json : `${headingMark}${heading.replaceAll(/\s+/g, " ")}\n${json}`;
}

/** The JSON of a note. Notes of 0.1 have no heading, and no JSON begins like one. */
export function readNote(text: string): string {
  if (!text.startsWith(headingMark)) return text;
  const end = text.indexOf("\n");
  return end === -1 ? "" : text.slice(end + 1);
}

/** Four times what Keelson lets a status have: anything larger is no status. */
export const maxStatusBytes = 256 * 1024;
