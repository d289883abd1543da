export interface BatchObject {
  oid: string;
  type: string;
  bytes: Buffer;
}

/**
 * The objects that `git cat-file --batch` printed: `<object> SP <type> SP <size> LF <contents> LF` for each
 * (git-cat-file(1)). Null when there are fewer than `count`.
 */
export function parseBatch(output: Buffer, count: number): BatchObject[] | null {
  const objects: BatchObject[] = [];
  let offset = 0;
  while (objects.length < count) {
    const end = output.indexOf(0x0a, offset);
    const [oid = "", type = "", size] = output.subarray(offset, end).toString("latin1").split(" ");
    const bytes = Number(size);
    if (end < 0 || !Number.isSafeInteger(bytes)) return null;
    const start = end + 1;
    objects.push({ oid, type, bytes: output.subarray(start, start + bytes) });
    offset = start + bytes + 1;
  }
  return objects;
}

/** What ends a batch early: an object that is missing, or Git itself. */
export function incompleteBatch(): Error {
  return new Error("git cat-file does not have all objects");
}
