/** A copy in which nothing can be changed: whoever tries gets a TypeError. Bytes of files are left as they are. */
export function frozenCopy<T>(value: T): T {
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return;
  if (value instanceof Map || value instanceof Set) {
    for (const name of ["add", "set", "delete", "clear"])
      Object.defineProperty(value, name, { value: refuse });
    for (const [key, each] of value.entries()) [key, each].forEach(freeze);
  }
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

/** `Object.freeze` leaves what a map or a set holds open. */
function refuse(): never {
  throw new TypeError("the input of a plan is not to be changed");
}
