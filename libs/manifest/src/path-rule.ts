/** Names of the file system end at 255 bytes. */
const maxSegmentBytes = 255;

/** Paths of the file system end at 4096 bytes, on some at 1024; a file lies below other folders on the node. */
const maxPathBytes = 1000;

/**
 * Why a path may not name a file below a folder, or null. It must be relative and normal, so that it cannot
 * leave the folder and each file has one spelling.
 */
export function pathFault(path: string): string | null {
  if (path === "") return "is empty";
  if (Buffer.byteLength(path) > maxPathBytes) return `has over ${maxPathBytes} bytes`;
  if (/\p{Cc}/u.test(path)) return "has a control character";
  if (path.includes("\\")) return "has a backslash; folders are separated by /";
  if (path.startsWith("/")) return "is absolute; it must be relative";
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") return "is not in its shortest form (`.` or an empty part)";
    // `..data` is how files are switched on the node, so every name of that kind is refused.
    if (segment.startsWith("..")) return "has a part that begins with `..`";
    if (Buffer.byteLength(segment) > maxSegmentBytes) return "has a name of over 255 bytes";
  }
  return null;
}
