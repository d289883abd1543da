import type { Problem } from "@keelson/model";
import { parseAllDocuments } from "yaml";

import { findJsonFault } from "./json-fault.ts";

interface SyntaxFault {
  line: number;
  column: number;
  message: string;
}

/** A rendered `.json` or `.yaml` must parse: a broken file would be noticed only when its service has stopped. */
export function checkSyntax(to: string, rendered: { text: string; template: string }): Problem[] {
  const format = /\.(json|ya?ml)$/.exec(to)?.[1];
  if (format === undefined) return [];
  const fault = format === "json" ? findJsonError(rendered.text) : findYamlError(rendered.text);
  if (fault === null) return [];
  const isCopy = !rendered.template.endsWith(".liquid");
  const sourceLine = rendered.text.split("\n")[fault.line - 1];
  return [
    {
      code: "K1303",
      file: rendered.template,
      line: fault.line,
      column: fault.column,
      path: "",
      message: `${to}${isCopy ? "" : " as rendered"} is not valid ${format === "json" ? "JSON" : "YAML"}: ${fault.message}`,
      hint: isCopy
        ? "Correct it, or give the file another ending if it is meant to be something else."
        : "Line and column are those of the rendered file, which `keelson render` writes out. A value that may hold quotes or line breaks is safe as {{ value | json }}.",
      ...(sourceLine === undefined || sourceLine.length > 500 ? {} : { sourceLine }),
    },
  ];
}

function findJsonError(text: string): SyntaxFault | null {
  try {
    JSON.parse(text);
    return null;
  } catch {
    // Its message is V8's, and often without a place.
    const fault = findJsonFault(text) ?? { offset: 0, expected: "JSON" };
    const before = text.slice(0, fault.offset).split("\n");
    return {
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      message: `expected ${fault.expected}`,
    };
  }
}

function findYamlError(text: string): SyntaxFault | null {
  try {
    for (const { errors } of parseAllDocuments(text, { logLevel: "silent" })) {
      const [error] = errors;
      if (error === undefined) continue;
      const place = error.linePos?.[0] ?? { line: 1, col: 1 };
      const message = (error.message.split("\n")[0] ?? "").replace(/ at line \d+.*$/, "");
      return { line: place.line, column: place.col, message };
    }
    return null;
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) return { line: 1, column: 1, message: "it is nested too deeply" };
    throw error;
  }
}
