// The format of Nix archives: figure 5.2 of Eelco Dolstra, The Purely Functional Software Deployment Model (2006), and
// "Nix Archive (NAR) format" in the manual of Nix.

/** Strings are padded with zeros to a multiple of so many bytes; their length before them has so many bytes as well. */
export const wordBytes = 8;

/** How many zeros follow a string. */
export function paddingOf(lengthBytes: number): number {
  return (wordBytes - (lengthBytes % wordBytes)) % wordBytes;
}

/** The strings, each with its length and its padding, one after another. */
function tokens(...texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.map((text) => {
      const bytes = Buffer.alloc(wordBytes + text.length + paddingOf(text.length));
      bytes.writeUInt32LE(text.length);
      bytes.write(text, wordBytes);
      return bytes;
    }),
  );
}

/** What stands between the names, the targets and the contents of an archive. */
export const narTokens = {
  magic: tokens("nix-archive-1"),
  file: tokens("(", "type", "regular"),
  executable: tokens("executable", ""),
  contents: tokens("contents"),
  link: tokens("(", "type", "symlink", "target"),
  folder: tokens("(", "type", "directory"),
  entry: tokens("entry", "(", "name"),
  node: tokens("node"),
  /** Of a node, and once more of the entry that holds it. */
  end: tokens(")"),
} as const;
