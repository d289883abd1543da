import type * as z from "zod";

import {
  isJsonObject,
  problemAt,
  type Json,
  type Located,
  type Problem,
  type SourceFile,
} from "@keelson/model";

import { shapeOf } from "./document-shape.ts";
import { limitProblems, maxProblems, parseDocument } from "./document.ts";
import { explainIssue, isMisplaced, valueAt } from "./issue.ts";

/**
 * Reads a file as a document of this schema: YAML 1.2, or JSON by its name. The problems say what is wrong
 * with it, each at its place. The value is null when anything is, except for keys that nobody knows: it is then what remains
 * without them, so that they do not hide what else is wrong. Of a known key in other words or at another place the value is missing. Never throws, whatever the bytes.
 */
export function readDocument<T>(
  file: SourceFile,
  schema: z.ZodType<T>,
): { value: Located<T> | null; problems: Problem[] } {
  const { document, problems } = parseDocument(file);
  if (document === null || problems.length > 0) return { value: null, problems };
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return { value: { ...document, value: parsed.data }, problems: [] };
  const unknown = parsed.error.issues.filter((issue) => issue.code === "unrecognized_keys");
  const rest = schema.safeParse(withoutKeys(document.value, unknown));
  const issues = [...unknown, ...(rest.error?.issues ?? [])];
  return {
    value:
      rest.success && !hasMisplaced(document, { schema, unknown }) ? { ...document, value: rest.data } : null,
    problems: limitProblems(problemsOf(document, { schema, issues })),
  };
}

type UnknownKeys = readonly z.core.$ZodIssueUnrecognizedKeys[];

/** What a misspelt key says would be missed further on, and others would get the blame. */
function hasMisplaced(
  { value }: Located<Json>,
  { schema, unknown }: { schema: z.ZodType; unknown: UnknownKeys },
): boolean {
  const checked = { value, shape: shapeOf(schema) };
  return unknown.some(
    ({ path, keys }) => keys.length > maxProblems || keys.some((key) => isMisplaced(checked, [...path, key])),
  );
}

function withoutKeys(value: Json, unknown: UnknownKeys): Json {
  const copy = structuredClone(value);
  for (const { path, keys } of unknown) {
    const parent = valueAt(copy, path);
    if (isJsonObject(parent)) for (const key of keys) delete parent[key];
  }
  return copy;
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
