export type TarEntry =
  | { readonly kind: "file"; readonly path: string; readonly content: Uint8Array; readonly mode?: number }
  | { readonly kind: "folder"; readonly path: string; readonly mode?: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

const blockBytes = 512;

/**
 * Writes a tar archive (POSIX ustar): the same entries give the same bytes. Every entry belongs to root and has the
 * modification time 0. Paths are relative, of at most 100 bytes; throws for longer ones.
 */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    blocks.push(header(entry));
    if (entry.kind !== "file") continue;
    blocks.push(entry.content, Buffer.alloc(-entry.content.length & (blockBytes - 1)));
  }
  blocks.push(Buffer.alloc(2 * blockBytes));
  return Buffer.concat(blocks);
}

const types = { file: "0", link: "2", folder: "5" } as const;
const modes = { file: 0o644, link: 0o777, folder: 0o755 } as const;

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  const put = (text: string, { at, width }: { at: number; width: number }) => {
    if (Buffer.byteLength(text) > width) throw new Error(`too long for a tar archive: ${text}`);
    block.write(text, at, "utf8");
  };
  put(entry.kind === "folder" ? `${entry.path}/` : entry.path, { at: 0, width: 100 });
  put(octal(entry.kind === "link" ? modes.link : (entry.mode ?? modes[entry.kind]), 8), {
    at: 100,
    width: 8,
  });
  put(octal(0, 8), { at: 108, width: 8 });
  put(octal(0, 8), { at: 116, width: 8 });
  put(octal(entry.kind === "file" ? entry.content.length : 0, 12), { at: 124, width: 12 });
  put(octal(0, 12), { at: 136, width: 12 });
  // The checksum is taken as if its own field held spaces.
  put(" ".repeat(8), { at: 148, width: 8 });
  put(types[entry.kind], { at: 156, width: 1 });
  if (entry.kind === "link") put(entry.target, { at: 157, width: 100 });
  put("ustar\u000000", { at: 257, width: 8 });
  put("root", { at: 265, width: 32 });
  put("root", { at: 297, width: 32 });
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  put(`${checksum.toString(8).padStart(6, "0")}\0 `, { at: 148, width: 8 });
  return block;
}
