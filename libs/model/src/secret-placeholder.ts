/**
 * Stands for a secret's value until `secrets` fills it in. The name is `<release>.<secret>`, or `<file>:<KEY>` of a file of variables.
 * It is a plain scalar in YAML and holds nothing that JSON or a shell would have to quote.
 */
export function secretPlaceholder(name: string): string {
  return `__keelson-secret:${writtenName(name)}__`;
}

/** Stands for the value as it is written inside of a JSON string. */
export function jsonSecretPlaceholder(name: string): string {
  return `__keelson-secret:${writtenName(name)}:json__`;
}

const pattern = /__keelson-secret:([A-Za-z0-9./~-]+)(:json)?__/g;

/** Names of the secrets whose placeholders stand in a text, each once. */
export function secretsIn(text: string): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, written = ""]) => readName(written)))];
}

/** The text with something else in the place of each placeholder. */
export function replacePlaceholders(
  text: string,
  replace: (secret: { name: string; asJson: boolean }) => string,
): string {
  return text.replace(pattern, (_placeholder, written: string, json?: string) =>
    replace({ name: readName(written), asJson: json !== undefined }),
  );
}

/** Every other character, by its number between tildes: an underscore could be the end of the placeholder. */
function writtenName(name: string): string {
  return name.replace(
    /[^A-Za-z0-9./-]/gu,
    (character) => `~${(character.codePointAt(0) ?? 0).toString(16)}~`,
  );
}

function readName(written: string): string {
  return written.replace(/~([0-9a-f]{1,6})~/g, (_escape, digits: string) => characterOf(digits));
}

/** Empty for a number that is no character: somebody has made up the placeholder, and no secret has the name. */
function characterOf(digits: string): string {
  const number = Number.parseInt(digits, 16);
  return number > 0x10_ff_ff ? "" : String.fromCodePoint(number);
}
