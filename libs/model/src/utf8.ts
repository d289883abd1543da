/** The text of bytes, or null where they are not UTF-8. A byte order mark at the beginning is left out. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The decoder's own error says nothing more than this.
    return null;
  }
}
