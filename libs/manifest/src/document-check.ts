import type { z } from "zod";

import { problemAt, sortProblems, type Located, type Problem, type SourceFile } from "@keelson/model";

import { shapeOf } from "./document-shape.ts";
import { limitProblems, parseDocument } from "./document.ts";
import { explainIssue } from "./issue.ts";

/**
 * Reads a file as a document of this schema: YAML 1.2, or JSON by its name. The value is null when anything is
 * wrong with it, and then the problems say what, each at its place. Never throws, whatever the bytes.
 */
export function readDocument<T>(
  file: SourceFile,
  schema: z.ZodType<T>,
): { value: Located<T> | null; problems: Problem[] } {
  const { document, problems } = parseDocument(file);
  if (document === null || problems.length > 0) return { value: null, problems };
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return { value: { ...document, value: parsed.data }, problems: [] };
  const checked = { value: document.value, shape: shapeOf(schema) };
  const found = parsed.error.issues
    .flatMap((issue) => explainIssue(checked, issue))
    .map((finding) => problemAt(document, finding));
  return { value: null, problems: limitProblems(file.path, sortProblems(found)) };
}
