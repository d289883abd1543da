import { isJsonObject, type Json } from "@keelson/model";

/** The parts of a JSON pointer (RFC 6901) in a URI fragment, such as `#/$defs/port`. */
export function pointerOf(reference: string): string[] {
  const parts = reference.split("/").slice(1);
  return parts.map((part) => decodePercent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What is at the end of a pointer, or undefined. */
export function lookUp(value: Json, pointer: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const part of pointer) {
    if (Array.isArray(found)) found = found[Number(part)];
    else found = isJsonObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }
  return found;
}

/** A pointer's parts with positions in lists as numbers. */
export function segmentsOf(value: Json, pointer: readonly string[]): (string | number)[] {
  return pointer.map((part, index) =>
    Array.isArray(lookUp(value, pointer.slice(0, index))) ? Number(part) : part,
  );
}

/** `decodeURIComponent` that takes what is wrongly encoded as it is. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
