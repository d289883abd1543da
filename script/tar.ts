export type TarEntry =
  | { readonly kind: "file"; readonly path: string; readonly content: Uint8Array; readonly mode?: number }
  | { readonly kind: "folder"; readonly path: string; readonly mode?: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** What stands before a file's content, or is all that there is of a folder or a link. */
export interface TarHeading {
  readonly kind: "file" | "folder" | "link";
  /** Relative. */
  readonly path: string;
  readonly mode?: number;
  /** Of a file. */
  readonly sizeBytes?: number;
  /** Of a link. */
  readonly target?: string;
}

const blockBytes = 512;

/** Two empty blocks are the end of an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/**
 * Writes a tar archive (POSIX ustar, with pax headers for long names): the same entries give the same bytes. Every entry
 * belongs to root and has the modification time 0. Paths are relative.
 */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    if (entry.kind !== "file") return [tarHeading(entry)];
    const sizeBytes = entry.content.length;
    return [tarHeading({ ...entry, sizeBytes }), entry.content, tarPadding(sizeBytes)];
  });
  return Buffer.concat([...blocks, tarEnd]);
}

/** What follows the content of a file, which ends with a block. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The blocks before a file's content. */
export function tarHeading(entry: TarHeading): Buffer {
  const path = entry.kind === "folder" ? `${entry.path}/` : entry.path;
  const { target = "" } = entry;
  const long = [
    ...(isLong(path) ? [paxRecord("path", path)] : []),
    ...(isLong(target) ? [paxRecord("linkpath", target)] : []),
  ];
  const own = header({ ...entry, type: types[entry.kind], path, target });
  if (long.length === 0) return own;
  const records = Buffer.from(long.join(""));
  const heading = header({ kind: "file", type: "x", path: "pax", sizeBytes: records.length, target: "" });
  return Buffer.concat([heading, records, tarPadding(records.length), own]);
}

const nameBytes = 100;

function isLong(text: string): boolean {
  return Buffer.byteLength(text) > nameBytes;
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const length = bytes + String(bytes + String(bytes).length).length;
  return `${length}${rest}`;
}

const types = { file: "0", link: "2", folder: "5" } as const;
const modes = { file: 0o644, link: 0o777, folder: 0o755 } as const;

function header(entry: TarHeading & { type: string; target: string }): Buffer {
  const { kind, type, path, target, mode = modes[kind], sizeBytes = 0 } = entry;
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  const put = (text: string, { at, width }: { at: number; width: number }) => {
    // A name that is longer stands in a pax header, and this beginning of it counts for nothing.
    block.set(Buffer.from(text).subarray(0, width), at);
  };
  put(path, { at: 0, width: nameBytes });
  put(octal(kind === "link" ? modes.link : mode, 8), { at: 100, width: 8 });
  put(octal(0, 8), { at: 108, width: 8 });
  put(octal(0, 8), { at: 116, width: 8 });
  put(octal(sizeBytes, 12), { at: 124, width: 12 });
  put(octal(0, 12), { at: 136, width: 12 });
  // The checksum is taken as if its own field held spaces.
  put(" ".repeat(8), { at: 148, width: 8 });
  put(type, { at: 156, width: 1 });
  put(target, { at: 157, width: nameBytes });
  put("ustar\u000000", { at: 257, width: 8 });
  put("root", { at: 265, width: 32 });
  put("root", { at: 297, width: 32 });
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  put(`${checksum.toString(8).padStart(6, "0")}\0 `, { at: 148, width: 8 });
  return block;
}
