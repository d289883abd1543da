/**
 * Whether a text means itself in JSON strings and in YAML scalars, quoted or not: nothing to escape, no `: ` or ` #`,
 * and no first or last character that YAML gives a meaning. It may still be read as a number there, or as a word
 * such as `true`: that changes a type, and breaks no file.
 */
export function isPlainText(text: string): boolean {
  return /^[A-Za-z0-9._/+=~][A-Za-z0-9._/+=~@:-]*$/.test(text) && !text.endsWith(":");
}
