/** Linux refuses a longer one, with the zero byte at its end (execve(2), MAX_ARG_STRLEN): such a container exits at once. */
const mostBytes = 131_072 - 1;
/** More than the variable that carries the value to Compose has for its name. */
const spareBytes = 256;

/** Why no process can be given this `NAME=value`, to end a sentence; null when it can. */
export function findEnvironmentFault(entry: Uint8Array): string | null {
  if (entry.includes(0)) return "holds a zero byte, which ends a text there";
  return entry.length > mostBytes - spareBytes ? "is longer than the 128 KiB that Linux permits" : null;
}
