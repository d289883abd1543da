import type * as z from "zod";

import { problemAt, type Json, type Located, type Problem, type SourceFile } from "@keelson/model";

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
  return {
    value: null,
    problems: limitProblems(problemsOf(document, { schema, issues: parsed.error.issues })),
  };
}

function* problemsOf(
  document: Located<Json>,
  { schema, issues }: { schema: z.ZodType; issues: readonly z.core.$ZodIssue[] },
): Generator<Problem> {
  const checked = { value: document.value, shape: shapeOf(schema) };
  for (const issue of issues) {
    for (const finding of explainIssue(checked, issue)) yield problemAt(document, finding);
  }
}
