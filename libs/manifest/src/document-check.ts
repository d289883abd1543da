import type * as z from "zod";

import { problemAt, type Located, type Problem, type SourceFile } from "@keelson/model";

import { limitProblems, parseDocument } from "./document.ts";
import { type MendRules, mendValue } from "./mended-value.ts";

/**
 * Reads a file as a document of this schema: YAML 1.2, or JSON by its name. The problems say what is wrong
 * with it, each at its place. With problems the value is what could be made of it all the same, so that they do not hide
 * what else is wrong; null when that is too little. Never throws, whatever the bytes.
 */
export function readDocument<T>(
  file: SourceFile,
  schema: z.ZodType<T>,
  rules: MendRules = {},
): { value: Located<T> | null; problems: Problem[] } {
  const { document, problems } = parseDocument(file);
  if (document === null || problems.length > 0) return { value: null, problems };
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return { value: { ...document, value: parsed.data }, problems: [] };
  const { value, findings, leftOut, asWritten } = mendValue(document.value, { schema, rules });
  const meant = {
    ...document,
    leftOut,
    positionOf: (path: string, part?: "key" | "value") => document.positionOf(asWritten(path), part),
  };
  return {
    value: value === null ? null : { ...meant, value },
    problems: limitProblems(findings.map((finding) => problemAt(meant, finding))),
  };
}
