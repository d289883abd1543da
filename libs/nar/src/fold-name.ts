/** Equal for names, or paths, that some disk takes for the same: those of macOS and Windows fold case and Unicode forms. */
export function foldName(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}
