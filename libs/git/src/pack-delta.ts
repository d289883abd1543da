/**
 * The two sizes at the start of a delta (gitformat-pack(5), "Deltified representation"); null when they are not there.
 */
export function readDeltaSizes(
  delta: Buffer,
): { baseBytes: number; resultBytes: number; start: number } | null {
  const base = readSize(delta, 0);
  const result = base === null ? null : readSize(delta, base.end);
  if (base === null || result === null) return null;
  return { baseBytes: base.value, resultBytes: result.value, start: result.end };
}

/** Applies a delta to its base; null when it does not fit. Allocates as much as the delta's header says. */
export function applyDelta(delta: Buffer, base: Buffer): Buffer | null {
  const sizes = readDeltaSizes(delta);
  if (sizes === null || sizes.baseBytes !== base.length) return null;
  const result = Buffer.allocUnsafe(sizes.resultBytes);
  let written = 0;
  let at = sizes.start;
  while (at < delta.length) {
    const code = delta[at++] ?? 0;
    let from = delta;
    let start = at;
    let bytes = code;
    if ((code & 0x80) === 0) {
      // Git reserves 0 for later versions.
      if (code === 0) return null;
      at += code;
    } else {
      from = base;
      start = 0;
      bytes = 0;
      for (let bit = 0; bit < 4; bit++) if (code & (1 << bit)) start += (delta[at++] ?? 0) * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit++) if (code & (0x10 << bit)) bytes |= (delta[at++] ?? 0) << (8 * bit);
      if (bytes === 0) bytes = 0x10000;
    }
    if (at > delta.length || start + bytes > from.length || written + bytes > result.length) return null;
    from.copy(result, written, start, start + bytes);
    written += bytes;
  }
  return written === result.length ? result : null;
}

/** A size in groups of seven bits, the lowest first; null when the bytes end early or the number is too large. */
function readSize(bytes: Buffer, start: number): { value: number; end: number } | null {
  let value = 0;
  for (let at = start, factor = 1; at < bytes.length; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (!Number.isSafeInteger(value)) return null;
    if ((byte & 0x80) === 0) return { value, end: at + 1 };
  }
  return null;
}
