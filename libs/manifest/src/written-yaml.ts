import { stringify } from "yaml";

/** YAML in one line, to stand inside of a block. What is false is left out: it is the default of every document. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (isMap(value)) {
    const entries = Object.entries(value).filter(([, each]) => each !== false && each !== undefined);
    return `{ ${entries.map(([key, each]) => `${inline(key)}: ${inline(each)}`).join(", ")} }`;
  }
  // Between brackets, so that it is quoted where it must be there.
  return stringify([value], { collectionStyle: "flow", lineWidth: 0 }).trim().slice(2, -2);
}

/** The lines of a map: a map at its top has a line for each key, and so has one of maps; all others stand in one line. */
export function writeBlock(map: object, indent = ""): string[] {
  return Object.entries(map).flatMap(([key, value]) =>
    isMap(value) && (indent === "" || Object.values(value).every(isMap))
      ? [`${indent}${inline(key)}:`, ...writeBlock(value, `${indent}  `)]
      : [`${indent}${inline(key)}: ${inline(value)}`],
  );
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
