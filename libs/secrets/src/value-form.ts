/** Shorter values would take half of every text with them, and are no secrets. */
export const minValueLength = 4;
/** A line of a longer value, or one without its white space: below this it may be `-----` or a word. */
const minLineLength = 8;

/** One form of a value, one byte a character. */
export interface ValueForm {
  bytes: string;
  /** What is folded or encoded may be broken into lines. */
  kind: "plain" | "folded" | "hex" | "base64";
}

/**
 * The forms in which a value can stand in a text: itself, also in upper or lower case or folded into lines, as an excerpt shows
 * it, its lines, and its base64 and hex forms, also in the middle of a longer text that was encoded as a whole. Escaped forms are found in the text without its escapes.
 */
export function formsOf(value: string): ValueForm[] {
  const trimmed = value.trim();
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const isBlock = lines.length > 1 || trimmed !== value;
  const parts = (isBlock ? [trimmed, ...lines] : []).filter(({ length }) => length >= minLineLength);
  const cased = [value, ...parts].flatMap((form) => [form, form.toUpperCase(), form.toLowerCase()]);
  const plain = cased.flatMap((form) => [form, withoutControls(form)]);
  const folded = cased
    .map((form) => form.replace(/\s+/g, ""))
    .filter(({ length }) => length >= minLineLength);
  const inJson = JSON.stringify(value).slice(1, -1);
  const encoded = [...new Set([value, inJson, ...parts])].map(bytesOf);
  const once = encoded.flatMap(base64Forms);
  // In a registry's login, the base64 of `user:password` stands in JSON that a secret holds as base64 again.
  const twice = base64Forms(bytesOf(value)).flatMap(base64Forms);
  return [
    ...plain.map((form) => ({ bytes: bytesOf(form), kind: "plain" as const })),
    ...[...new Set(folded)].map((form) => ({ bytes: bytesOf(form), kind: "folded" as const })),
    ...encoded.flatMap(hexForms).map((bytes) => ({ bytes, kind: "hex" as const })),
    ...[...once, ...twice].map((bytes) => ({ bytes, kind: "base64" as const })),
  ].filter(({ bytes }) => bytes.length >= minValueLength);
}

/** UTF-8, one byte a character: encoders work on bytes, and places in a text can be counted. */
export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** As an excerpt of a log shows it: tabs are spaces, blank lines and control characters are gone. */
function withoutControls(text: string): string {
  const shown = text
    .replace(/\r\n?/g, "\n")
    .replaceAll("\t", " ")
    .replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, "")
    .replace(/ *\n[ \n]*(?=\n)/g, "");
  return shown.length < minValueLength ? text : shown;
}

function hexForms(bytes: string): string[] {
  const hex = Buffer.from(bytes, "latin1").toString("hex");
  return [hex, hex.toUpperCase()];
}

/**
 * The characters of a longer base64 text that only these bytes decide, at each of the three places where they may begin
 * in a group of three bytes (RFC 4648, sections 4 and 5).
 */
function base64Forms(bytes: string): string[] {
  const forms = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), Buffer.from(bytes, "latin1")]).toString("base64");
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]))];
}
