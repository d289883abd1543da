/** What stands in a status, which Git keeps, of what a program, Compose or an engine said. */
const mostCharacters = 400;

/**
 * The end of a text that others wrote, for the end of a message: on one line, behind a colon; empty for no text. Secret
 * values must be hidden already, because a value that is cut or folded is not found any more.
 */
export function quotedInLine(said: string): string {
  const line = said
    .split(/\s*\n\s*/)
    .filter((part) => part.trim() !== "")
    .join(" | ")
    .trim();
  if (line === "") return "";
  return line.length <= mostCharacters ? `: ${line}` : `: …${line.slice(-mostCharacters).toWellFormed()}`;
}
