import { TemplateRefusal } from "./template-refusal.ts";

/** The text of a value that has one obvious text; a list would be run together, and a map be `[object Object]`. */
export function writable(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    throw new TemplateRefusal({
      message: `${Array.isArray(value) ? "a list" : "a map"} cannot be written as text`,
      hint: Array.isArray(value)
        ? 'Write it with {% for %}, with `| join: ", "` or with `| json`.'
        : "Write one of its keys, or all of it with `| json`.",
    });
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TemplateRefusal({
      message: `the result is not a number (${value})`,
      hint: "Look for a division by zero.",
    });
  }
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
